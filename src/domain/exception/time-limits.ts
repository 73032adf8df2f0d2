import type { FieldError } from '../errors.ts';
import { addText, evaluatePolicy, type Limit, limitEnd } from '../policy/evaluate.ts';
import type { Policy } from '../policy/policy.ts';
import { formatInstant, type Instant, parseInstant } from '../schedule/instant.ts';
import type { ExceptionFields } from './fields.ts';

/** The end that a request would get were it approved at `now`, and the latest that the policy allows. */
export interface EndDecision {
  readonly effective_from: Instant;
  readonly expires_at: Instant;
  readonly latest: Instant;
  readonly limit: Limit;
}

/**
 * The times of a record approved at `now`: the clock starts at approval, a chosen end is taken as
 * it is or refused, never replaced; a duration counts from approval; with neither, the policy's
 * maximum is the end (DESIGN section 1).
 */
export function endIfApproved(
  fields: ExceptionFields,
  now: Instant,
  policy: Policy,
): EndDecision | FieldError[] {
  const limit = evaluatePolicy(policy, fields).maximum;
  const latest = limitEnd(now, limit);
  const from = Math.max(now, optionalInstant(fields.effective_from) ?? now);
  const chosen = optionalInstant(fields.expires_at);
  const end =
    chosen ?? (fields.requested_duration ? addText(now, fields.requested_duration) : latest);
  const field =
    fields.requested_duration && chosen === undefined ? 'requested_duration' : 'expires_at';
  const errors: FieldError[] = [];
  if (end <= now) {
    errors.push({ path: field, message: `lies in the past; ${allowed(now, latest, limit)}` });
  } else if (end > latest) {
    errors.push({
      path: field,
      message: `is later than the policy allows; ${allowed(now, latest, limit)}`,
    });
  } else if (from >= end) {
    const message = `must lie before the end (${formatInstant(end)})`;
    errors.push({ path: 'effective_from', message });
  }
  return errors.length > 0 ? errors : { effective_from: from, expires_at: end, latest, limit };
}

/** One line that says which ends would pass, and by which rule. */
export function allowed(now: Instant, latest: Instant, limit: Limit): string {
  return `an end after ${formatInstant(now)} and up to ${formatInstant(latest)} would pass: at most ${limit.duration} from approval (rule ${limit.rule}; ${limit.source})`;
}

function optionalInstant(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseInstant(text);
}
