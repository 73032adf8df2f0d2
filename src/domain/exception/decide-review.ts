import type { DomainError } from '../errors.ts';
import { isComplete } from '../policy/approval-progress.ts';
import { formatInstant, parseInstant } from '../schedule/instant.ts';
import { remindersAfter } from './advance.ts';
import { signatureRefusal } from './approval-statement.ts';
import { archivesAt } from './archiving.ts';
import { hasDecisionRecord, isBreakGlass } from './break-glass.ts';
import { chainPlace } from './chain-place.ts';
import { changeMade } from './decide-change.ts';
import {
  type CommandOf,
  type Decider,
  type Decision,
  type DecisionContext,
  isRefusal,
  refuse,
} from './decision.ts';
import type { ExceptionEvent } from './events.ts';
import { filledRequirement } from './filled-requirement.ts';
import { owing, settlement } from './owed-review.ts';
import {
  type Approval,
  type ExceptionState,
  OWED_KINDS,
  type OwedReview,
  type PendingChange,
} from './state.ts';
import { type EndDecision, endIfApproved } from './time-limits.ts';

/** One approval; the last that is required fixes the end, or makes the change real. */
export const decideApprove: Decider<'ApproveException'> = (state, command, context) => {
  if (state.status === 'Under-Review') {
    return strayChange(command.change) ?? approveRequest(state, command, context);
  }
  const change = namedChange(state, command.change);
  if ('code' in change) return change;
  const filled = filledRequirement(state, change, command, context);
  if (isRefusal(filled)) return filled;
  const approved = { ...filled, reason: command.reason };
  const unsigned = signatureRefusal(state, approved, command.signature?.statement, context);
  if (unsigned) return unsigned;
  const given = { change_id: change.change_id, ...approved, ...signatureIn(command) };
  const event: ExceptionEvent =
    change.kind === 'extension'
      ? { type: 'ExtensionApprovalGiven', data: given }
      : { type: 'ChangeApprovalGiven', data: given };
  const approvals = [...change.approvals, approvalNow(filled, command, context)];
  if (isOwed(change)) return [event, ...settlement(state, { ...change, approvals })];
  if (!isComplete(change.requirements, approvals)) return [event];
  const made = changeMade(state, change, context);
  return isRefusal(made) ? made : [event, made];
};

/**
 * No: of the request or of a review that is owed, which ends it, or of a pending change, which leaves
 * the record as it was.
 */
export const decideReject: Decider<'RejectException'> = (state, command, context) => {
  if (state.status === 'Under-Review') {
    return strayChange(command.change) ?? [rejected(command.reason, context)];
  }
  const change = namedChange(state, command.change);
  if ('code' in change) return change;
  if (isOwed(change)) return rejectReview(state, change, command.reason, context);
  const data = { change_id: change.change_id, reason: command.reason };
  return change.kind === 'extension'
    ? [{ type: 'ExtensionRejected', data }]
    : [{ type: 'ChangeRejected', data }];
};

function rejected(note: string, { now, policy }: DecisionContext): ExceptionEvent {
  const data = { reason: 'rejected' as const, note, archives_at: archivesAt(now, policy) };
  return { type: 'ExceptionClosed', data };
}

/** A review that goes against the record ends it at once. */
function rejectReview(
  state: ExceptionState,
  { change_id }: OwedReview,
  reason: string,
  context: DecisionContext,
): Decision {
  if (state.status === 'Approved') return [rejected(reason, context)];
  const ended = state.status === 'Expired' ? state.expires_at : context.now;
  const ended_at = formatInstant(ended ?? context.now);
  return [{ type: 'ReviewFailed', data: { change_id, cause: 'revoked', ended_at, reason } }];
}

/** Back to the requestor, with what is to be changed. */
export const decideRequestChanges: Decider<'RequestChanges'> = (_, { reason }) => [
  { type: 'ChangesRequested', data: { reason } },
];

function approveRequest(
  state: ExceptionState,
  command: CommandOf<'ApproveException'>,
  context: DecisionContext,
): Decision {
  const { request } = state;
  if (!request) return refuse('wrong-state', 'there is no request to approve');
  const open = { requirements: request.requirements, approvals: state.approvals };
  const filled = filledRequirement(state, open, command, context);
  if (isRefusal(filled)) return filled;
  const isEmergency = isBreakGlass(state);
  const { now, policy } = context;
  const asked = endIfApproved(state.fields, now, policy, chainPlace(state), isEmergency);
  if (Array.isArray(asked)) {
    const detail = asked.map((error) => `${error.path} ${error.message}`).join('; ');
    return refuse('end-refused', `the request cannot be approved as it stands: ${detail}`, asked);
  }
  const condition = endsBy(command.expires_at, asked, context.now);
  if (isRefusal(condition)) return condition;
  const { statement_digest } = request;
  const approval = { ...filled, reason: command.reason, statement_digest, ...condition };
  const unsigned = signatureRefusal(state, approval, command.signature?.statement, context);
  if (unsigned) return unsigned;
  const data = { ...approval, ...signatureIn(command) };
  const given = { type: 'ApprovalGiven' as const, data };
  const approvals = [...state.approvals, approvalNow(filled, command, context)];
  const isWhole = isComplete(request.requirements, approvals);
  if (!isWhole && !isEmergency) return [given];
  const conditions = [...state.approvals.map(({ ends_by }) => ends_by), optional(data.ends_by)];
  const expires_at = Math.min(asked.expires_at, ...conditions.filter((end) => end !== undefined));
  if (expires_at <= asked.effective_from) return endedBefore(expires_at, asked);
  const approved = {
    effective_from: formatInstant(asked.effective_from),
    expires_at: formatInstant(expires_at),
    latest_end: formatInstant(asked.latest),
    rule: asked.limit.rule,
    reminders: remindersAfter(context.now, expires_at, asked.reminders),
  };
  const event = { type: 'ExceptionApproved' as const, data: approved };
  if (!request.break_glass || (isWhole && hasDecisionRecord(state.fields))) return [given, event];
  const within = policy.break_glass.review_within;
  const times = { since: asked.effective_from, within, end: expires_at };
  const review = { change_id: 'break-glass', kind: 'break-glass', ...request.break_glass } as const;
  const owed = owing(state, review, times, request.requirements);
  return [given, event, { type: 'ReviewOwed', data: owed }];
}

/** An approval of this moment, as those are that the record has. */
function approvalNow(
  filled: Pick<Approval, 'role' | 'consumer'>,
  { reason }: CommandOf<'ApproveException'>,
  { actor, now }: DecisionContext,
): Approval {
  return { ...filled, by: actor, at: now, reason };
}

function signatureIn({ signature }: CommandOf<'ApproveException'>) {
  return signature === undefined ? {} : { signature };
}

function isOwed(change: PendingChange | OwedReview): change is OwedReview {
  return (OWED_KINDS as readonly string[]).includes(change.kind);
}

/** An approver may shorten the time, never lengthen it. */
function endsBy(text: string | undefined, asked: EndDecision, now: number) {
  const end = optional(text);
  if (end === undefined) return {};
  if (end > now && end > asked.effective_from && end <= asked.expires_at)
    return { ends_by: formatInstant(end) };
  const from = formatInstant(Math.max(now, asked.effective_from));
  const message = `an approver may shorten the time, never lengthen it: an end after ${from} and up to ${formatInstant(asked.expires_at)} would pass`;
  return refuse('end-refused', message, [{ path: 'expires_at', message }]);
}

function endedBefore(end: number, { effective_from }: EndDecision) {
  return refuse(
    'end-refused',
    `an approver let it end at ${formatInstant(end)}, which does not lie after its start (${formatInstant(effective_from)}); reject it, or send it back`,
  );
}

function optional(text: string | undefined) {
  return text === undefined ? undefined : parseInstant(text);
}

/** Who names a change means that one, and must not decide the request by mistake. */
function strayChange(name: string | undefined): DomainError | undefined {
  if (name === undefined) return undefined;
  return refuse(
    'no-such-change',
    `no change ${name} waits for a decision, but the request itself does; leave "change" out to decide that`,
  );
}

function namedChange(state: ExceptionState, name: string | undefined) {
  const pending = state.owed ?? state.pending_change;
  if (!pending)
    return refuse(
      'no-such-change',
      `nothing waits for a decision: the exception is ${state.status}; a request or a requested change can be decided`,
    );
  if (name === pending.change_id || name === pending.kind) return pending;
  const passes = `name it with "change": "${pending.change_id}" (or "${pending.kind}")`;
  return name === undefined
    ? refuse('invalid-request', `a change waits for a decision; ${passes}`, [
        { path: 'change', message: 'is required' },
      ])
    : refuse('no-such-change', `no change ${name} waits for a decision; ${passes}`);
}
