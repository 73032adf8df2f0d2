import { z } from 'zod';
import type {
  CallOutcome,
  CloudGrant,
  GrantOrder,
  Observation,
  Placed,
} from '../../domain/enforcement/connector.ts';
import { instant, longText, shortText } from '../../domain/exception/field-shapes.ts';
import { exceptionFields } from '../../domain/exception/fields.ts';
import { formatInstant, parseInstant } from '../../domain/schedule/instant.ts';

const LARGEST_PRIOR = 8_000;
/** What PostgreSQL does not keep: escaped zeros and lone surrogates. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/i;

const placed = z
  .object({
    id: shortText.describe('what stands there, as people look it up'),
    ours: z.boolean().default(true).describe('whether it was put there for Lapse'),
    ends_at: instant.optional().describe('the end that it has there by itself'),
    prior: z
      .unknown()
      .refine((value) => {
        const text = JSON.stringify(value) ?? '';
        return text.length <= LARGEST_PRIOR && !UNSTORABLE.test(text);
      }, `must be at most ${LARGEST_PRIOR} characters of JSON`)
      .optional()
      .describe('what remove needs to restore; sent back with every order'),
  })
  .transform(
    ({ ends_at, prior, ...rest }): Placed => ({
      ...rest,
      ...(ends_at === undefined ? {} : { endsAt: parseInstant(ends_at) }),
      ...(prior === undefined ? {} : { prior }),
    }),
  );
const message = longText.describe('what a person is to know');
const seconds = z
  .number()
  .min(0)
  .max(86_400)
  .transform((value) => value * 1_000);

/** What the receiver answers to `apply` and `remove`, as `CallOutcome` has it. */
const callAnswer = z
  .discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('done'), placed: placed.optional() }),
    z.object({
      outcome: z.literal('pending'),
      placed: placed.optional(),
      retry_after_seconds: seconds,
    }),
    z.object({ outcome: z.literal('throttled'), retry_after_seconds: seconds, message }),
    z.object({ outcome: z.literal('retry'), retry_after_seconds: seconds.optional(), message }),
    z.object({ outcome: z.enum(['refused', 'gone', 'unknown']), message }),
  ])
  .transform(
    ({ outcome: kind, ...rest }) => ({ kind, ...withRetryAfter(rest) }) as unknown as CallOutcome,
  );

/** What it answers to `observe`, as `Observation` has it. */
const seenAnswer = z
  .discriminatedUnion('seen', [
    z.object({ seen: z.literal('present'), placed }),
    z.object({ seen: z.literal('absent') }),
    z.object({ seen: z.enum(['target-gone', 'undecided']), message }),
    z.object({ seen: z.literal('throttled'), retry_after_seconds: seconds, message }),
  ])
  .transform(
    ({ seen: kind, ...rest }) => ({ kind, ...withRetryAfter(rest) }) as unknown as Observation,
  );

/** What it answers to `list`: one page, and where the next one begins. */
const listAnswer = z.object({
  items: z
    .array(
      z
        .object({
          grant: exceptionFields.shape.grants.unwrap().element,
          placed,
          marked_for: shortText.optional().describe('the grant_id that it was put there for'),
          created_by: shortText.optional(),
          created_at: instant.optional(),
          self_service: z.boolean().optional(),
        })
        .transform(
          (item): CloudGrant => ({
            spec: item.grant,
            placed: item.placed,
            markedFor: item.marked_for,
            createdBy: item.created_by,
            createdAt: item.created_at === undefined ? undefined : parseInstant(item.created_at),
            selfService: item.self_service,
          }),
        ),
    )
    .max(1_000),
  next: shortText.optional().describe('sent back as "after"; absent on the last page'),
});

/** The answers, by what was asked for (docs/guide/webhook-connector.md). */
export const WEBHOOK_ANSWERS = {
  apply: callAnswer,
  remove: callAnswer,
  observe: seenAnswer,
  list: listAnswer,
} as const;

/** An order about one grant, as it is sent. */
export function orderBody(operation: 'apply' | 'remove' | 'observe', order: GrantOrder) {
  return {
    operation,
    tenant_id: order.tenantId,
    exception_id: order.exceptionId,
    grant_id: order.grantId,
    grant: order.spec,
    ends_at: order.endsAt === undefined ? undefined : formatInstant(order.endsAt),
    ticket_id: order.ticketId,
    requestor: order.requestor,
    placed: order.placed && placedText(order.placed),
  };
}

function placedText({ id, ours, endsAt, prior }: Placed) {
  return { id, ours, ends_at: endsAt === undefined ? undefined : formatInstant(endsAt), prior };
}

function withRetryAfter(answer: object & { readonly retry_after_seconds?: number | undefined }) {
  const { retry_after_seconds: retryAfter, ...rest } = answer;
  return { ...rest, ...(retryAfter === undefined ? {} : { retryAfter }) };
}
