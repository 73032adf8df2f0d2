import type { CallOutcome, Mode } from '../enforcement/connector.ts';
import { grantKey } from '../enforcement/grant-spec.ts';
import { placedText } from '../enforcement/grant-steps.ts';
import { CALL_LIMIT, MOST_ATTEMPTS, pauseAfter } from '../enforcement/next-move.ts';
import { DAY, formatInstant, HOUR, type Instant, MINUTE } from '../schedule/instant.ts';
import type { Discrepancy } from './compare.ts';
import type { FindingState } from './finding.ts';
import type { FindingEvent } from './finding-events.ts';
import { ANSWER_WITHIN, followsLimit, ownerOf, removerOf } from './time-limits.ts';

/** What time brings about for a finding next. */
export interface FindingMove {
  readonly at: Instant;
  readonly do: /** Nobody has answered in time. */
    | 'pass-limit'
    /** It was accepted until now. */
    | 'end-acceptance'
    /** A removal of the finding's own. */
    | 'call'
    /** A call whose answer nobody has recorded: whoever made it was stopped. */
    | 'give-up-call'
    /** Whether what is to be taken away is gone. */
    | 'look';
}

/** What a move goes by besides the finding. */
export interface FindingSurroundings {
  /** When it was last looked at; absent where it was not yet. */
  readonly lookedAt: Instant | undefined;
}

const LOOKS_AGAIN = MINUTE;
/** A person takes longer than a call. */
const LOOKS_FOR_PERSON = HOUR;
/** What is not gone after a day is looked at once a day. */
const PATIENCE = DAY;

/** The next move for a finding; `undefined` where only a comparison or a person leads on. */
export function nextFindingMove(
  finding: FindingState,
  { lookedAt }: FindingSurroundings,
): FindingMove | undefined {
  const { state, answer, removal, limit, due_at } = finding;
  if (state === 'solved') return undefined;
  if (removal) return removalMove(removal, lookedAt);
  if (answer?.kind === 'accept') return { at: answer.until, do: 'end-acceptance' };
  if (state === 'open' && !limit) return { at: due_at, do: 'pass-limit' };
  return undefined;
}

function removalMove(
  removal: NonNullable<FindingState['removal']>,
  lookedAt: Instant | undefined,
): FindingMove {
  const { by, call, taken, retry_at, ordered_at } = removal;
  if (call) return { at: call.at + CALL_LIMIT, do: 'give-up-call' };
  if (by === 'finding' && !taken) return { at: retry_at ?? ordered_at, do: 'call' };
  const first = taken?.look_at ?? ordered_at + LOOKS_AGAIN;
  if (lookedAt === undefined || lookedAt < first) return { at: first, do: 'look' };
  const pause = by === 'person' ? LOOKS_FOR_PERSON : LOOKS_AGAIN;
  const isLong = lookedAt - first >= PATIENCE;
  return { at: lookedAt + (isLong ? DAY : pause), do: 'look' };
}

/** The event with which a finding begins. */
export function openFinding(
  discrepancy: Discrepancy,
  place: { readonly connection: string; readonly scope: string; readonly reconciliationId: string },
  now: Instant,
): FindingEvent {
  const { kind, spec, details, grant, placed, createdBy } = discrepancy;
  const { connection, scope, reconciliationId: reconciliation_id } = place;
  const isAllowed = grant?.wanted.presence === 'present' && grantKey(grant.spec) === grantKey(spec);
  return {
    type: 'FindingOpened',
    data: {
      kind,
      spec,
      details,
      connection,
      scope,
      ...(placed ? { placed: placedText(placed) } : {}),
      ...(createdBy === undefined ? {} : { created_by: createdBy }),
      ...(grant ? { exception_id: grant.exceptionId, grant_id: grant.grantId } : {}),
      ...(isAllowed ? { is_allowed: true as const } : {}),
      owner: ownerOf(discrepancy),
      due_at: formatInstant(now + ANSWER_WITHIN[kind]),
      reconciliation_id,
    },
  };
}

/** What another comparison says of a finding that is still there; nothing where it stayed as it was. */
export function foundAgain(
  finding: FindingState,
  { details, placed }: Discrepancy,
  reconciliation_id: string,
): FindingEvent[] {
  // An age in days grows by itself, and says nothing new.
  const isSame =
    finding.kind === 'out-of-use' || JSON.stringify(details) === JSON.stringify(finding.details);
  if (isSame && finding.placed?.endsAt === placed?.endsAt) return [];
  const stands = placed ? { placed: placedText(placed) } : {};
  return [{ type: 'FindingChanged', data: { details, ...stands, reconciliation_id } }];
}

/** Somebody has to answer again. */
export function reopenFinding(
  { kind }: Pick<FindingState, 'kind'>,
  because: string,
  now: Instant,
): FindingEvent {
  return {
    type: 'FindingReopened',
    data: { because, due_at: formatInstant(now + ANSWER_WITHIN[kind]) },
  };
}

/** What follows where nobody has answered in time. */
export function passLimit(finding: FindingState, mode: Mode): FindingEvent {
  const led_to = followsLimit(finding, mode);
  if (led_to === 'task') return { type: 'FindingLimitPassed', data: { led_to } };
  return { type: 'FindingLimitPassed', data: { led_to, by: removerOf(finding, mode) } };
}

/** The event with which a call begins, before it leaves. */
export function beginRemoval({ removal }: FindingState, callId: string): FindingEvent {
  const attempt = (removal?.failed_calls ?? 0) + 1;
  return { type: 'FindingRemovalBegun', data: { call_id: callId, attempt } };
}

/** What follows from the answer to a removal; nothing where the call was given up meanwhile. */
export function removalAnswered(
  { removal }: FindingState,
  callId: string,
  outcome: CallOutcome,
  now: Instant,
): FindingEvent[] {
  if (removal?.call?.call_id !== callId) return [];
  switch (outcome.kind) {
    case 'gone':
      return [{ type: 'FindingSolved', data: { how: 'seen-gone' } }];
    case 'done':
    case 'pending': {
      const wait = outcome.kind === 'pending' ? outcome.retryAfter : 0;
      const data = { call_id: callId, look_at: formatInstant(now + wait) };
      return [{ type: 'FindingRemovalTaken', data }];
    }
    default: {
      const { kind, message } = outcome;
      const failed = removal.failed_calls + 1;
      const givesUp = kind === 'refused' || (kind !== 'throttled' && failed >= MOST_ATTEMPTS);
      const own = kind === 'throttled' ? 0 : pauseAfter(removal.failed_calls);
      const retry_at = formatInstant(now + Math.max(own, retryAfterOf(outcome)));
      const data = { call_id: callId, kind, message, retry_at };
      return [
        {
          type: 'FindingRemovalFailed',
          data: { ...data, ...(givesUp ? { gives_up: true as const } : {}) },
        },
      ];
    }
  }
}

/** A call whose answer nobody has recorded. */
export function giveUpCall(finding: FindingState, now: Instant): FindingEvent[] {
  const message = 'whoever made it was stopped before its answer';
  const callId = finding.removal?.call?.call_id ?? '';
  return removalAnswered(finding, callId, { kind: 'unknown', message }, now);
}

function retryAfterOf(outcome: CallOutcome): number {
  return ('retryAfter' in outcome ? outcome.retryAfter : undefined) ?? 0;
}
