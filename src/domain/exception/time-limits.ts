import type { FieldError } from '../errors.ts';
import { addText, evaluatePolicy, type Limit, limitEnd, shorter } from '../policy/evaluate.ts';
import type { ChainPlace, DurationText, Policy } from '../policy/policy.ts';
import { formatInstant, type Instant, parseInstant } from '../schedule/instant.ts';
import { breakGlassLimit } from './break-glass.ts';
import type { ExceptionFields } from './fields.ts';

/** The end that a request would get were it approved at `now`, and the latest that the policy allows. */
export interface EndDecision {
  readonly effective_from: Instant;
  readonly expires_at: Instant;
  readonly latest: Instant;
  readonly limit: Limit;
  /** So long before the end. */
  readonly reminders: readonly DurationText[];
}

/**
 * The times of a record approved at `now`: the clock starts at approval, a chosen end is taken as
 * it is or refused, never replaced; a duration counts from approval; with neither, it is
 * the policy's default, or its maximum (DESIGN section 1). An emergency starts with its approval, and
 * has a maximum of its own.
 */
export function endIfApproved(
  fields: ExceptionFields,
  now: Instant,
  policy: Policy,
  place?: ChainPlace,
  isEmergency = false,
): EndDecision | FieldError[] {
  const { reminders, ...decided } = evaluatePolicy(policy, fields, place);
  const emergency = isEmergency ? breakGlassLimit(policy) : undefined;
  const limit = shorter(emergency, decided.maximum);
  const usual = shorter(emergency, decided.default);
  const latest = limitEnd(now, limit);
  const from = Math.max(now, optionalInstant(fields.effective_from) ?? now);
  const chosen = optionalInstant(fields.expires_at);
  const end =
    chosen ??
    (fields.requested_duration ? addText(now, fields.requested_duration) : limitEnd(now, usual));
  const field =
    fields.requested_duration && chosen === undefined ? 'requested_duration' : 'expires_at';
  if (end <= now)
    return [{ path: field, message: `lies in the past; ${allowed(now, latest, limit)}` }];
  if (end > latest) {
    const message = `is later than the policy allows; ${allowed(now, latest, limit)}`;
    return [{ path: field, message }];
  }
  if (isEmergency && from > now) {
    const message = `lies in the future; a break-glass starts with its approval, so an instant that has passed would pass, or an ordinary request (rule ${limit.rule}; ${limit.source})`;
    return [{ path: 'effective_from', message }];
  }
  if (from >= end) return [{ path: 'effective_from', message: startTooLate(end, latest, limit) }];
  return { effective_from: from, expires_at: end, latest, limit, reminders };
}

/** One line that says which ends would pass, by which rule, and what it counts from. */
export function allowed(
  after: Instant,
  latest: Instant,
  limit: Limit,
  countedFrom = 'approval',
): string {
  return `an end after ${formatInstant(after)} and up to ${formatInstant(latest)} would pass: at most ${limit.duration} from ${countedFrom} (rule ${limit.rule}; ${limit.source})`;
}

/** A start that only a chosen end can follow, since a duration counts from approval, not from it. */
function startTooLate(end: Instant, latest: Instant, limit: Limit): string {
  return `must lie before the end, which counts from approval: before ${formatInstant(end)}, or give an expires_at after it, up to ${formatInstant(latest)} (rule ${limit.rule}; ${limit.source})`;
}

function optionalInstant(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseInstant(text);
}
