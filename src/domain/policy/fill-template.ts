import type { ExceptionFieldsInput } from '../exception/fields.ts';
import { addDuration, parseDuration } from '../schedule/duration.ts';
import { formatInstant, type Instant } from '../schedule/instant.ts';
import type { RequestTemplate } from './policy.ts';

type Proposed = Partial<ExceptionFieldsInput>;

/**
 * The values that a template proposes to a request that is written at an instant: its steps get
 * their dates, and it starts at its approval.
 */
export function proposedFields({ fields }: RequestTemplate, now: Instant): Proposed {
  const { remediation_plan: plan, ...others } = fields;
  const steps = plan?.steps?.map(({ due, ...step }) =>
    due === undefined ? step : { ...step, due: formatInstant(after(now, due)) },
  );
  return {
    ...others,
    // A start in the past means from approval.
    effective_from: formatInstant(now),
    ...(plan ? { remediation_plan: { ...plan, ...(steps ? { steps } : {}) } } : {}),
  } as Proposed;
}

/** What a request says, over what is proposed to it; an end of its own takes the place of a duration. */
export function overProposed<Given extends { readonly expires_at?: unknown }>(
  { requested_duration, ...proposed }: Proposed,
  given: Given,
): Omit<Proposed, keyof Given> & Given {
  const length = given.expires_at || !requested_duration ? {} : { requested_duration };
  return { ...proposed, ...length, ...given };
}

function after(now: Instant, duration: string): Instant {
  const parsed = parseDuration(duration);
  if (!parsed) throw new Error(`a template holds a duration that is not ISO 8601: ${duration}`);
  return addDuration(now, parsed);
}
