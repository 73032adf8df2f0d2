import { approvalsOfEarlierSteps } from '../policy/approval-progress.ts';
import { addText } from '../policy/evaluate.ts';
import type { EscalationTerms, Policy } from '../policy/policy.ts';
import { formatInstant, type Instant } from '../schedule/instant.ts';
import { awaitedDecision, awaitedRoles } from './awaited-approvals.ts';
import type { ExceptionEvent } from './events.ts';
import type { Escalation, ExceptionState } from './state.ts';

/** How what is asked for now is escalated, as its event holds it; nothing where it never is. */
export function escalationTerms({ escalation: { after, to } }: Policy): {
  readonly escalation?: EscalationTerms;
} {
  return after === null ? {} : { escalation: { after, to } };
}

/**
 * Since when the approvals that are lacking could be given: since they were asked for, or since the
 * last approval of the step before. Others of the same step have been waited for as long, so that an
 * approval by one of them excuses nobody. `undefined` where nothing waits.
 */
export function awaitedSince(state: ExceptionState): Instant | undefined {
  const awaited = awaitedDecision(state);
  if (!awaited || awaitedRoles(state).length === 0) return undefined;
  const { requirements, approvals, asked_at } = awaited;
  const before = approvalsOfEarlierSteps(requirements, approvals);
  return Math.max(asked_at, ...before.map(({ at }) => at));
}

/** Who was told that the approvals which are lacking have not come, oldest first. */
export function escalationsNow(state: ExceptionState): Escalation[] {
  const since = awaitedSince(state);
  const told = awaitedDecision(state)?.escalations ?? [];
  return told.filter(({ waits_since }) => waits_since === since);
}

/**
 * When the next above is to be told; `undefined` where nothing waits, where it is never escalated, or
 * where everybody was told: each role once, so that a request which nobody wants stays one task.
 */
export function nextEscalation(state: ExceptionState): Instant | undefined {
  const since = awaitedSince(state);
  const terms = awaitedDecision(state)?.escalation;
  const told = escalationsNow(state);
  if (since === undefined || !terms || told.length >= terms.to.length) return undefined;
  return addText(told.at(-1)?.due ?? since, terms.after);
}

/** What is due then: an event that tells the next above, and changes nothing of who may approve. */
export function escalation(state: ExceptionState, due: Instant): ExceptionEvent {
  const awaited = awaitedDecision(state);
  const data = {
    ...(awaited?.change_id === undefined ? {} : { change_id: awaited.change_id }),
    to: awaited?.escalation?.to[escalationsNow(state).length] ?? '',
    roles: awaitedRoles(state),
    waits_since: formatInstant(awaitedSince(state) ?? due),
    due: formatInstant(due),
  };
  return { type: 'ApprovalEscalated', data };
}
