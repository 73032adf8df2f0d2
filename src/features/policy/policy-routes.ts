import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { PACK_SCHEMA_PATH, packSchema, policyPack } from '../../domain/policy/policy-pack.ts';
import { setAnswerTime } from '../../platform/http/answer-time.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { requiredRevision, setRevision } from '../../platform/http/revision.ts';
import {
  evaluationAnswer,
  evaluationBody,
  policyAnswer,
  templatesAnswer,
} from './policy-schemas.ts';
import type { PackInForce, PolicyService } from './policy-service.ts';
import { toEvaluation } from './policy-wire.ts';

const tags = ['policy'];
const reading = { permission: 'policy:read' } as const;

/** `/v1/policy`: the pack in force, another in its place, and what it means for a request. */
export function addPolicyRoutes(app: FastifyInstance, service: PolicyService): void {
  app.get(
    '/policy',
    {
      config: reading,
      schema: {
        tags,
        summary: 'The policy pack in force, its digest, since when and by whom',
        querystring: z.strictObject({}),
        response: { 200: policyAnswer },
      },
    },
    async (request, reply) => {
      const inForce = await service.inForce(request.principal.tenantId);
      setRevision(reply, inForce.version?.version ?? 0);
      return toAnswer(inForce);
    },
  );

  app.put(
    '/policy',
    {
      config: { permission: 'policy:put' },
      schema: {
        tags,
        summary: 'Put a policy pack in force; what was decided stands',
        body: policyPack,
        response: { 200: policyAnswer },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const inForce = await service.put(
        principal,
        request.body as Policy,
        requiredRevision(request),
        idempotencyOf(request, principal.actor.id),
      );
      setRevision(reply, inForce.version?.version ?? 0);
      return toAnswer(inForce);
    },
  );

  app.get(
    '/policy/templates',
    {
      config: reading,
      schema: {
        tags,
        summary: 'The templates for new requests: those of the pack in force, or else of Lapse',
        querystring: z.strictObject({}),
        response: { 200: templatesAnswer },
      },
    },
    async (request, reply) => {
      const { items, now } = await service.templates(request.principal.tenantId);
      setAnswerTime(reply, now);
      return { items };
    },
  );

  app.get(
    '/policy/packs/:digest',
    {
      config: reading,
      schema: {
        tags,
        summary: 'A pack that was in force once, or has decided a request',
        params: z.object({
          digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hex digits'),
        }),
        response: { 200: policyPack },
      },
    },
    async (request) => {
      const { digest } = request.params as { digest: string };
      return service.find(request.principal.tenantId, digest);
    },
  );

  app.post(
    '/policy/evaluate',
    {
      config: reading,
      schema: {
        tags,
        summary: 'What the policy says of a record, or of a part of one; stores nothing',
        body: evaluationBody,
        response: { 200: evaluationAnswer },
      },
    },
    async (request) => {
      const { renewal_number, kind, ...fields } = request.body as z.output<typeof evaluationBody>;
      const place = { renewal_number, kind };
      const record = fields as ExceptionFields;
      return toEvaluation(await service.assess(request.principal.tenantId, record, place));
    },
  );
}

/** The JSON Schema of packs, for editors: to whoever asks, since it says nothing of anybody. */
export function addPackSchemaRoute(app: FastifyInstance): void {
  const schema = packSchema();
  app.get(PACK_SCHEMA_PATH, { schema: { hide: true } }, async (_, reply) =>
    reply.type('application/schema+json').send(schema),
  );
}

function toAnswer({ policy, digest, version }: PackInForce): z.input<typeof policyAnswer> {
  return {
    version: version?.version ?? 0,
    digest,
    built_in: version === undefined,
    since: version?.since ?? null,
    by: version?.by ?? null,
    pack: policy,
  };
}
