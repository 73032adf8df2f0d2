import { z } from 'zod';
import { exceptionFields } from '../../domain/exception/fields.ts';
import {
  FINDING_KINDS,
  FINDING_STATES,
  type FindingState,
} from '../../domain/reconciliation/finding.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';

const time = z.string().meta({ format: 'date-time' });
const person = z.object({ id: z.string(), name: z.string(), email: z.string().optional() });

/** A finding as answers hold it. */
export const findingAnswer = z.object({
  finding_id: z.string(),
  kind: z.enum(FINDING_KINDS),
  state: z.enum(FINDING_STATES),
  grant: exceptionFields.shape.grants.unwrap().element.describe('as a record would list it'),
  details: z.array(z.string()).describe('what exactly was found'),
  owner: z.string().describe('who is to see to it: somebody of the record, or a role'),
  exception_id: z.string().nullable().describe('the record that it is about'),
  grant_id: z.string().nullable(),
  connection: z.string(),
  scope: z.string(),
  placed: z
    .object({ id: z.string(), ours: z.boolean(), ends_at: time.nullable() })
    .nullable()
    .describe('what stands in the cloud'),
  created_by: z.string().nullable().describe('whoever put it there, where the cloud says so'),
  opened_at: time,
  due_at: time.describe('by when it is to be answered'),
  limit_passed: z
    .object({ at: time, led_to: z.enum(['task', 'removal']) })
    .nullable()
    .describe('nobody answered in time, and this followed'),
  answer: z
    .object({
      kind: z.enum(['adopt', 'remove', 'accept']),
      by: person,
      at: time,
      reason: z.string().nullable(),
      until: time.nullable(),
      exception_id: z.string().nullable().describe('the draft that it was adopted into'),
    })
    .nullable(),
  removal: z
    .object({
      by: z.enum(['grant', 'finding', 'person']).describe('who takes it away'),
      ordered_at: time,
      failed_calls: z.int(),
      last_failure: z.string().nullable(),
    })
    .nullable(),
  solved: z.object({ at: time, how: z.enum(['compared', 'seen-gone', 'registered']) }).nullable(),
});
export type FindingAnswerBody = z.input<typeof findingAnswer>;

/** A finding as it is answered. */
export function toFindingAnswer(state: FindingState): FindingAnswerBody {
  const { placed, answer, removal, limit, solved } = state;
  return {
    finding_id: state.finding_id,
    kind: state.kind,
    state: state.state,
    grant: state.spec,
    details: [...state.details],
    owner: state.owner,
    exception_id: state.exception_id ?? null,
    grant_id: state.grant_id ?? null,
    connection: state.connection,
    scope: state.scope,
    placed: placed ? { id: placed.id, ours: placed.ours, ends_at: timeOf(placed.endsAt) } : null,
    created_by: state.created_by ?? null,
    opened_at: formatInstant(state.opened_at),
    due_at: formatInstant(state.due_at),
    limit_passed: limit ? { at: formatInstant(limit.at), led_to: limit.led_to } : null,
    answer: answer
      ? {
          kind: answer.kind,
          by: answer.by,
          at: formatInstant(answer.at),
          reason: 'reason' in answer ? answer.reason : null,
          until: 'until' in answer ? formatInstant(answer.until) : null,
          exception_id: 'exception_id' in answer ? answer.exception_id : null,
        }
      : null,
    removal: removal
      ? {
          by: removal.by,
          ordered_at: formatInstant(removal.ordered_at),
          failed_calls: removal.failed_calls,
          last_failure: removal.last_failure ?? null,
        }
      : null,
    solved: solved ? { at: formatInstant(solved.at), how: solved.how } : null,
  };
}

function timeOf(at: number | undefined): string | null {
  return at === undefined ? null : formatInstant(at);
}
