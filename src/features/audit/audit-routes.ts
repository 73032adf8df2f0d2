import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { instant } from '../../domain/exception/field-shapes.ts';
import { formatInstant, parseInstant } from '../../domain/schedule/instant.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import type { AuditEvent, AuditViews } from './audit-views.ts';

const time = z.string().meta({ format: 'date-time' });
const eventType = z.string().regex(/^[A-Za-z]{1,100}$/, 'is not the name of an event type');

const auditParameters = z.strictObject({
  actor: z
    .string()
    .regex(/^[\w:-]{1,64}$/, 'is not an id')
    .optional()
    .describe('id of who acted: a person, a token, system:clock or system:operator'),
  type: z
    .union([eventType, z.array(eventType).max(50)])
    .optional()
    .describe('may be repeated: SignedIn, SignInRefused, TokenCreated …'),
  from: instant.optional().describe('recorded at this instant or later'),
  to: instant.optional().describe('recorded before it'),
  ...pageParameters,
});
type AuditParameters = z.output<typeof auditParameters> & PageRequest;

const auditAnswer = z.object({
  event_id: z.string(),
  recorded_at: time.describe('real time; the order, from and to go by it'),
  at: time.describe('as the ledger has it'),
  type: z.string(),
  actor: z.object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    role: z.string(),
    signed_in: z
      .object({
        method: z.enum(['oidc', 'link', 'workload']),
        issuer: z.string().optional(),
        subject: z.string().optional(),
      })
      .nullable()
      .describe('how a person had signed in; null for a token'),
  }),
  subject: z
    .object({ type: z.string(), id: z.string(), name: z.string().nullable() })
    .describe('what it happened to'),
  data: z.record(z.string(), z.unknown()).nullable().describe('what was changed, without secrets'),
  ledger_index: z.int().nullable().describe('null until it is in the ledger'),
});

/** `/v1/audit`: who signed in, who was refused, and what was administered. */
export function addAuditRoutes(app: FastifyInstance, audit: AuditViews): void {
  app.get(
    '/audit',
    {
      config: { permission: 'audit:read' },
      schema: {
        tags: ['audit'],
        summary: 'Sign-ins, refusals and administrative acts, the newest first',
        querystring: auditParameters,
        response: { 200: pageOf(auditAnswer) },
      },
    },
    async (request) => {
      const { actor, type, from, to, limit, cursor } = request.query as AuditParameters;
      const filter = {
        actor,
        types: type === undefined ? undefined : [type].flat(),
        from: from === undefined ? undefined : parseInstant(from),
        to: to === undefined ? undefined : parseInstant(to),
      };
      const { tenantId } = request.principal;
      const found = await audit.list(tenantId, filter, { limit, cursor });
      return { items: found.items.map(toAnswer), next_cursor: found.next_cursor };
    },
  );
}

function toAnswer({ recorded_at, actor, ...event }: AuditEvent): z.input<typeof auditAnswer> {
  const { id, name, email, role, signed_in } = actor;
  return {
    ...event,
    recorded_at: formatInstant(recorded_at),
    actor: { id, name, email: email ?? null, role, signed_in: signed_in ?? null },
  };
}
