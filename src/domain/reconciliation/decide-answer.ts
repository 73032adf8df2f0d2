import { DomainError } from '../errors.ts';
import { DAY, formatInstant, type Instant } from '../schedule/instant.ts';
import type { FindingKind, FindingState, Remover } from './finding.ts';
import type { FindingEvent } from './finding-events.ts';

/** What a person may answer to a finding. */
export const ANSWERS = ['adopt', 'remove', 'accept'] as const;
export type AnswerName = (typeof ANSWERS)[number];

/** A finding is accepted for a quarter at most, as an exception is by default (000 section 1). */
const LONGEST_ACCEPTANCE = 90 * DAY;

/** The answers that make sense for each kind, and what to do in place of the others. */
const POSSIBLE: Readonly<Record<FindingKind, readonly AnswerName[]>> = {
  // Accepting it would be an exception that nobody has approved.
  overdue: ['remove', 'adopt'],
  unregistered: ['adopt', 'remove', 'accept'],
  changed: ['adopt', 'remove', 'accept'],
  missing: ['accept'],
  'out-of-use': ['accept'],
  'owner-unknown': ['accept'],
};

const INSTEAD: Readonly<Record<FindingKind, string>> = {
  overdue: 'what is past its end is removed, or adopted into a draft that has to be approved',
  unregistered: 'adopt, remove or accept it',
  changed: 'adopt, remove or accept it',
  missing: 'put it back in place, or close or revoke its exception; or accept it',
  'out-of-use': 'close or revoke its exception, which is not needed; or accept it',
  'owner-unknown': 'name an owner who works here (PATCH the exception); or accept it',
};

/**
 * Refuses an answer with `wrong-state` where the finding is over, or where its kind does not have it.
 * Another answer may be given in place of one that was given before.
 */
export function assertAnswerable(finding: FindingState, answer: AnswerName): void {
  const { finding_id, kind, state } = finding;
  if (state === 'solved') throw new DomainError('wrong-state', `${finding_id} is solved already`);
  if (finding.removal?.call)
    throw new DomainError('wrong-state', `${finding_id} is being removed at this moment`);
  // What is allowed in force is ended where it was decided, and not here.
  const isApproved = kind === 'changed' && answer === 'remove' && finding.is_allowed === true;
  if (POSSIBLE[kind].includes(answer) && !isApproved) return;
  const instead = isApproved
    ? `it is what ${finding.exception_id} allows, changed: revoke that, or set it right in the cloud`
    : INSTEAD[kind];
  throw new DomainError(
    'wrong-state',
    `a finding of the kind ${kind} does not take ${answer}: ${instead}`,
  );
}

/**
 * Accepts a finding with a reason until an instant; refuses with `end-refused` an end that has passed
 * or lies more than 90 days ahead: nothing is accepted for ever.
 */
export function acceptFinding(
  finding: FindingState,
  { reason, until }: { readonly reason: string; readonly until: Instant },
  now: Instant,
): FindingEvent {
  assertAnswerable(finding, 'accept');
  const latest = now + LONGEST_ACCEPTANCE;
  if (until <= now || until > latest) {
    const message = `must lie after ${formatInstant(now)} and at most 90 days ahead, ${formatInstant(latest)}: a finding is never accepted for ever`;
    throw new DomainError('end-refused', `until ${message}`, [{ path: 'until', message }]);
  }
  return { type: 'FindingAccepted', data: { reason, until: formatInstant(until) } };
}

/** Orders the removal of what a finding shows. */
export function orderRemoval(finding: FindingState, reason: string, by: Remover): FindingEvent {
  assertAnswerable(finding, 'remove');
  return { type: 'FindingRemovalOrdered', data: { reason, by } };
}
