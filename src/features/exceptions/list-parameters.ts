import { z } from 'zod';
import { titleText, uriReference } from '../../domain/exception/field-shapes.ts';
import {
  CATEGORIES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
} from '../../domain/exception/fields.ts';
import { STATUSES } from '../../domain/exception/status.ts';
import { parseInstant } from '../../domain/schedule/instant.ts';
import { pageParameters, wholeNumber } from '../../platform/http/paging.ts';
import { SORTS } from './exception-list-query.ts';

const instantParameter = z.string().transform((text, context) => {
  const parsed = parseInstant(text);
  if (parsed !== undefined) return parsed;
  context.addIssue('must be an RFC 3339 instant such as 2026-03-07T00:00:00Z');
  return z.NEVER;
});
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** A parameter that may be repeated: any of its values. */
function anyOf<T extends z.ZodType<unknown, string>>(value: T) {
  return z
    .union([value, z.array(value).max(50)])
    .transform((given) => (Array.isArray(given) ? given : [given]) as z.output<T>[])
    .optional();
}

const sortParameter = z
  .string()
  .regex(
    new RegExp(`^-?(${SORTS.join('|')})$`),
    `must be one of ${SORTS.join(', ')}, with - in front for the other way round`,
  );

export const listParameters = z.strictObject({
  status: anyOf(z.enum(STATUSES)),
  category: anyOf(z.enum(CATEGORIES)),
  control: anyOf(z.enum(CONTROLS)),
  environment: anyOf(z.enum(ENVIRONMENTS)),
  data_classification: anyOf(z.enum(CLASSIFICATIONS)),
  severity: anyOf(z.enum(['High', 'Medium', 'Low'])),
  kind: anyOf(z.enum(['time-boxed', 'permanent'])),
  requestor: anyOf(titleText),
  owner: anyOf(titleText),
  service: anyOf(titleText),
  policy_ref: anyOf(uriReference),
  q: z
    .string()
    .max(300)
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'must be well-formed text')
    .optional(),
  expires_before: instantParameter.optional(),
  expires_after: instantParameter.optional(),
  expiring_within: wholeNumber(0, 3_650).optional().describe('days'),
  overdue: flag.optional(),
  open: flag.optional(),
  sort: sortParameter.default('-created_at'),
  ...pageParameters,
  count: z.literal('exact').optional(),
});
export type ListParameters = z.output<typeof listParameters>;
