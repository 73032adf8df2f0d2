import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ALERT_KINDS, type AlertKind, type AlertState } from '../../domain/circumvention/alert.ts';
import { AUDIT_LOGS } from '../../domain/circumvention/audit-event.ts';
import { longText } from '../../domain/exception/field-shapes.ts';
import { exceptionFields } from '../../domain/exception/fields.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import type { AlertService } from './alert-service.ts';

const time = z.string().meta({ format: 'date-time' });
const person = z.object({ id: z.string(), name: z.string(), email: z.string().optional() });
const alertAnswer = z.object({
  alert_id: z.string(),
  kind: z
    .enum(ALERT_KINDS)
    .describe(
      'circumvention: access that an ended exception had; outside-register: access that none names; unreadable: nobody says what was given',
    ),
  raised_at: time,
  done_at: time.describe("when it was done, in the cloud's time"),
  connection: z.string(),
  log: z.enum(AUDIT_LOGS).describe('who says so: event-grid until a log that is read confirms it'),
  operation: z.string(),
  resource_id: z.string(),
  correlation_id: z.string().describe("finds the operation in the cloud's own log"),
  access: exceptionFields.shape.grants.unwrap().element.nullable().describe('what was given'),
  by: z
    .object({
      object_id: z.string().optional(),
      upn: z.string().optional(),
      app_id: z.string().optional(),
    })
    .describe('who did it, as the cloud names them'),
  person_id: z.string().nullable().describe('who that is, where the register knows them'),
  exception_id: z.string().nullable().describe('the ended exception that had this access'),
  grant_id: z.string().nullable(),
  answered: z.object({ by: person, at: time, reason: z.string() }).nullable(),
});
const id = z.string().regex(/^[\w-]{1,64}$/, 'is not an id');
const tags = ['enforcement'];
const params = z.object({ id });

/** `/v1/alerts`: access that was given past the register, and what people say to it. */
export function addAlertRoutes(app: FastifyInstance, alerts: AlertService): void {
  app.get(
    '/alerts',
    {
      config: { permission: 'alert:read' },
      schema: {
        tags,
        summary: 'Access that was given past the register, the newest first',
        querystring: z.strictObject({
          kind: z.enum(ALERT_KINDS).optional(),
          answered: z.enum(['true', 'false']).optional(),
          ...pageParameters,
        }),
        response: { 200: pageOf(alertAnswer) },
      },
    },
    async ({ principal, query }) => {
      const { kind, answered, ...page } = query as PageRequest & {
        kind?: AlertKind;
        answered?: string;
      };
      const isAnswered = answered === undefined ? undefined : answered === 'true';
      const { items, next_cursor } = await alerts.list(principal, { kind, isAnswered }, page);
      return { items: items.map(toAnswer), next_cursor };
    },
  );

  app.get(
    '/alerts/:id',
    {
      config: { permission: 'alert:read' },
      schema: { tags, summary: 'One alert', params, response: { 200: alertAnswer } },
    },
    async (request) =>
      toAnswer(await alerts.get(request.principal, (request.params as { id: string }).id)),
  );

  app.post(
    '/alerts/:id/answer',
    {
      config: { permission: 'alert:answer' },
      schema: {
        tags,
        summary: 'Answer an alert with what has come of it; a strike is lifted apart',
        params,
        body: z.strictObject({ reason: longText.describe('what you found; kept in the ledger') }),
        response: { 200: alertAnswer },
      },
    },
    async (request) => {
      const { principal } = request;
      const { id: alertId } = request.params as { id: string };
      const { reason } = request.body as { reason: string };
      const idempotency = idempotencyOf(request, principal.actor.id);
      return toAnswer(await alerts.answer(principal, alertId, reason, idempotency));
    },
  );
}

function toAnswer(state: AlertState): z.input<typeof alertAnswer> {
  const { alert_id, kind, connection, log, operation, resource_id, correlation_id, by } = state;
  const { access, person_id, exception_id, grant_id, answered } = state;
  return {
    ...{ alert_id, kind, connection, log, operation, resource_id, correlation_id, by },
    raised_at: formatInstant(state.raised_at),
    done_at: formatInstant(state.done_at),
    access: access ?? null,
    person_id: person_id ?? null,
    exception_id: exception_id ?? null,
    grant_id: grant_id ?? null,
    answered: answered ? { ...answered, at: formatInstant(answered.at) } : null,
  };
}
