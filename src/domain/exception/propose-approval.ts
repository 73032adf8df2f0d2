import type { DomainError } from '../errors.ts';
import { formatInstant, type Instant, parseInstant } from '../schedule/instant.ts';
import type { ApprovalStatement } from '../signature/approval-signature.ts';
import { statementOf } from './approval-statement.ts';
import { awaitedDecision } from './awaited-approvals.ts';
import { isBreakGlass } from './break-glass.ts';
import { chainPlace } from './chain-place.ts';
import { decide } from './decide.ts';
import {
  type CommandOf,
  type DecisionContext,
  isRefusal,
  refuse,
  refusedFields,
} from './decision.ts';
import { filledRequirement } from './filled-requirement.ts';
import type { ExceptionState } from './state.ts';
import { endIfApproved } from './time-limits.ts';

/**
 * What an approval would say, for its approver to sign; refuses whatever the approval itself would be
 * refused for. What is signed names an instant: a duration is counted from now.
 */
export function proposedStatement(
  state: ExceptionState,
  command: CommandOf<'ApproveException'>,
  context: DecisionContext,
): ApprovalStatement | DomainError {
  const decision = decide(state, command, context);
  if (isRefusal(decision) && decision.code !== 'signature-required') return decision;
  const awaited = awaitedDecision(state);
  const nothing = refuse('wrong-state', 'nothing waits for an approval');
  if (!awaited) return nothing;
  const filled = filledRequirement(state, awaited, command, context);
  if (isRefusal(filled)) return filled;
  const end = awaited.change_id === undefined ? endOfRequest(state, command, context) : undefined;
  if (isRefusal(end)) return end;
  const given = {
    ...filled,
    reason: command.reason,
    ...(end === undefined ? {} : { ends_by: formatInstant(end) }),
  };
  return statementOf(state, given, context) ?? nothing;
}

/** The end of a request were it approved now: what it asks for, or earlier where an approver said so. */
function endOfRequest(
  state: ExceptionState,
  { expires_at }: CommandOf<'ApproveException'>,
  { now, policy }: DecisionContext,
): Instant | DomainError {
  const asked = endIfApproved(state.fields, now, policy, chainPlace(state), isBreakGlass(state));
  if (Array.isArray(asked)) return refusedFields(asked, 'end-refused');
  const conditions = state.approvals.map(({ ends_by }) => ends_by);
  const wanted = expires_at === undefined ? undefined : parseInstant(expires_at);
  const ends = [asked.expires_at, wanted, ...conditions];
  return Math.min(...ends.filter((end) => end !== undefined));
}
