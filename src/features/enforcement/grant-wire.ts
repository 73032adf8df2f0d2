import { z } from 'zod';
import { MODES } from '../../domain/enforcement/connector.ts';
import { GRANT_STATES } from '../../domain/enforcement/grant.ts';
import { STEP_KINDS, type Step } from '../../domain/enforcement/steps-ahead.ts';
import { exceptionFields } from '../../domain/exception/fields.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { ForeseenGrant } from './grant-views.ts';

const time = z.string().meta({ format: 'date-time' });
const person = z.object({ id: z.string(), name: z.string(), email: z.string().optional() });

const removalTask = z.object({
  task_id: z.string(),
  opened_at: time,
  reason: z.string().describe('why a person has to see to it'),
  escalated: z.array(z.object({ to: z.string(), at: time })),
  ended: z.object({ at: time, how: z.enum(['attested', 'seen-gone', 'handed-over']) }).nullable(),
});

const step = z.object({
  at: time.describe('not before then'),
  does: z.enum(STEP_KINDS),
  why: z.string(),
});

/** A grant as answers hold it. */
export const grantAnswer = z.object({
  grant_id: z.string(),
  exception_id: z.string(),
  grant: exceptionFields.shape.grants.unwrap().element.describe('as the record lists it'),
  status: z.enum(GRANT_STATES),
  since: time,
  said_by: z
    .union([z.enum(['cloud', 'record']), person])
    .describe('whose word the status is: what was read, what the record asks for, or a person'),
  mode: z.enum(MODES),
  connection: z.string().nullable(),
  placed: z
    .object({
      id: z.string().describe('as the cloud names it'),
      ours: z.boolean().describe('whether it carries the mark of Lapse'),
      ends_at: time.nullable().describe('the end that the cloud itself has for it'),
    })
    .nullable()
    .describe('what stands in the cloud for it, as far as is known'),
  failed_calls: z.int(),
  tried: z
    .array(z.object({ at: time, operation: z.string(), outcome: z.string(), message: z.string() }))
    .describe('the last calls in a row that did not do it'),
  attested: z
    .object({ by: person, at: time, statement: z.string(), links: z.array(z.string()) })
    .nullable(),
  removal_task: removalTask.nullable(),
  handed_over_to: z.string().nullable(),
  taken_over_from: z.string().nullable(),
  overdue_since: time
    .nullable()
    .describe('since when it should be gone, while it is not known to be'),
  next: step
    .nullable()
    .describe('what Lapse does for it next, by its connection; null: nothing by itself'),
  afterwards: step
    .nullable()
    .describe('what it does at the end of its record, where something else comes first'),
});

/** A grant as it is answered. */
export function toGrantAnswer({
  state,
  steps,
  overdueSince,
}: ForeseenGrant): z.input<typeof grantAnswer> {
  const { placed, attested, task } = state;
  const [next, afterwards] = steps;
  return {
    grant_id: state.grant_id,
    exception_id: state.exception_id,
    grant: state.spec,
    status: state.status,
    since: formatInstant(state.since),
    said_by: state.said_by,
    mode: state.mode,
    connection: state.connection ?? null,
    placed: placed
      ? {
          id: placed.id,
          ours: placed.ours,
          ends_at: placed.endsAt === undefined ? null : formatInstant(placed.endsAt),
        }
      : null,
    failed_calls: state.failed_calls,
    tried: state.failures.map(({ at, operation, kind, message }) => ({
      at: formatInstant(at),
      operation,
      outcome: kind,
      message,
    })),
    attested: attested
      ? { ...attested, links: [...attested.links], at: formatInstant(attested.at) }
      : null,
    removal_task: task
      ? {
          task_id: task.task_id,
          opened_at: formatInstant(task.opened_at),
          reason: task.reason,
          escalated: task.escalations.map(({ to, at }) => ({ to, at: formatInstant(at) })),
          ended: task.ended ? { at: formatInstant(task.ended.at), how: task.ended.how } : null,
        }
      : null,
    handed_over_to: state.handed_over_to ?? null,
    taken_over_from: state.taken_over_from ?? null,
    overdue_since: overdueSince === undefined ? null : formatInstant(overdueSince),
    next: stepAnswer(next),
    afterwards: stepAnswer(afterwards),
  };
}

function stepAnswer(step: Step | undefined) {
  return step ? { ...step, at: formatInstant(step.at) } : null;
}
