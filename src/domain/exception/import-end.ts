import { evaluatePolicy, limitEnd } from '../policy/evaluate.ts';
import type { Policy } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import type { ExceptionFields } from './fields.ts';
import type { Remarks } from './import-remarks.ts';
import { contradictions } from './parse-fields.ts';
import { allowed, endIfApproved } from './time-limits.ts';

/** What an end is measured against. */
export interface EndContext {
  readonly assign: boolean;
  readonly now: Instant;
  readonly policy: Policy;
}

/**
 * The fields with their end settled. Templates come with a placeholder for an end (000 section 3.2:
 * the day that it starts on). One that cannot stand is refused; with `assign` it is left out, and
 * the policy sets the end at approval. A start or a duration that cannot stand is refused either
 * way: nobody writes those as placeholders.
 *
 * @param fields the record's readable fields without `expires_at`
 * @param expiresAt the end that the file gives, in its normal form
 */
export function settleEnd(
  fields: ExceptionFields,
  expiresAt: string | undefined,
  context: EndContext,
  remarks: Remarks,
): ExceptionFields {
  const misfit = expiresAt === undefined ? undefined : whyNot(expiresAt, fields, context);
  const settled = expiresAt === undefined || misfit ? fields : { ...fields, expires_at: expiresAt };
  if (misfit && context.assign) {
    remarks.note(
      ['expires_at'],
      `${expiresAt} ${misfit}; ${instead(fields, context.policy)}`,
      'end',
    );
  } else if (misfit) {
    remarks.refuse(
      ['expires_at'],
      `${expiresAt} ${misfit}; ${passes(fields, context)}; with assign it is left out, and approval sets the end`,
      'end',
    );
  }
  // What the fields without the end say against one another was told when they were read.
  const against = contradictions(settled);
  for (const { path, message } of against) remarks.refuse([path], message, 'end');
  const end = against.length > 0 ? [] : endIfApproved(settled, context.now, context.policy);
  if (Array.isArray(end)) {
    for (const { path, message } of end) remarks.refuse([path], message, 'end');
  }
  return settled;
}

function whyNot(
  expiresAt: string,
  fields: ExceptionFields,
  { now, policy }: EndContext,
): string | undefined {
  const { effective_from: from, requested_duration: _, ...rest } = fields;
  // Normal forms of instants sort as text.
  if (from !== undefined && expiresAt <= from) return `does not lie after effective_from (${from})`;
  const end = endIfApproved({ ...rest, expires_at: expiresAt }, now, policy);
  if (!Array.isArray(end)) return undefined;
  return end[0]?.message.split(';', 1)[0];
}

function passes(fields: ExceptionFields, { now, policy }: EndContext): string {
  const limit = evaluatePolicy(policy, fields).maximum;
  return allowed(now, limitEnd(now, limit), limit);
}

function instead({ requested_duration, ...fields }: ExceptionFields, policy: Policy): string {
  if (requested_duration !== undefined) {
    return `it is left out: requested_duration (${requested_duration}) sets the end at approval`;
  }
  const { duration, rule, source } = evaluatePolicy(policy, fields).maximum;
  return `it is left out: the policy sets the end at approval (at most ${duration} from then, by rule ${rule}; ${source})`;
}
