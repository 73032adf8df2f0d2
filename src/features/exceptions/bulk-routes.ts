import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Permission } from '../../domain/access/permissions.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ExceptionCommand } from '../../domain/exception/commands.ts';
import { listOf, longText, person, shortText } from '../../domain/exception/field-shapes.ts';
import { problemOf } from '../../platform/http/problem.ts';
import { callerOf } from './exception-routes.ts';
import { exceptionId } from './exception-schemas.ts';
import type { Caller, ExceptionService } from './exception-service.ts';

const ids = z
  .array(exceptionId)
  .min(1, 'must name at least one exception')
  .max(200, 'must name at most 200 exceptions')
  .refine((given) => new Set(given).size === given.length, 'must name each exception once');
const reason = longText.describe('why, for all of them; kept in the ledger');

const BODIES = {
  approve: z.strictObject({ ids, reason, role: shortText.optional() }),
  reject: z.strictObject({ ids, reason }),
  revoke: z.strictObject({ ids, reason }),
  reassign: z.strictObject({
    ids,
    owners: listOf(person).min(1, 'must name at least one owner').describe('in place of those now'),
  }),
} as const;

type BulkName = keyof typeof BODIES;
type Body<Name extends BulkName> = z.output<(typeof BODIES)[Name]>;

interface BulkRoute<Name extends BulkName> {
  readonly permission: Permission;
  readonly summary: string;
  readonly command: (body: Body<Name>) => ExceptionCommand;
}

const ROUTES: { readonly [Name in BulkName]: BulkRoute<Name> } = {
  approve: {
    permission: 'exception:approve',
    summary: 'Approve many requests',
    command: ({ reason, role }) => ({ type: 'ApproveException', reason, ...(role && { role }) }),
  },
  reject: {
    permission: 'exception:approve',
    summary: 'Reject many requests',
    command: ({ reason }) => ({ type: 'RejectException', reason }),
  },
  revoke: {
    permission: 'exception:write',
    summary: 'End many exceptions early',
    command: ({ reason }) => ({ type: 'RevokeException', reason }),
  },
  reassign: {
    permission: 'exception:write',
    summary: 'Give many exceptions to other owners',
    command: ({ owners }) => ({ type: 'EditException', changes: { owners } }),
  },
};

const result = z.object({
  id: z.string(),
  ok: z.boolean(),
  status: z
    .string()
    .nullable()
    .describe("the record's status afterwards; null where it is refused"),
  problem: z
    .object({ status: z.int(), code: z.string(), detail: z.string() })
    .nullable()
    .describe('why it is refused'),
});
const answer = z.object({ done: z.int(), refused: z.int(), results: z.array(result) });
type Result = z.output<typeof result>;

/**
 * `POST /v1/bulk/…`: one command on many records. Each is decided by its own rules in a transaction of
 * its own, and has a result of its own; one that is refused holds up no other.
 */
export function addBulkRoutes(app: FastifyInstance, service: ExceptionService): void {
  for (const [name, { permission, summary, command }] of Object.entries(ROUTES)) {
    const toCommand = command as (body: unknown) => ExceptionCommand;
    const schema = {
      tags: ['commands'],
      summary,
      body: BODIES[name as BulkName],
      response: { 200: answer },
    };
    app.post(`/bulk/${name}`, { config: { permission }, schema }, async (request) => {
      const results: Result[] = [];
      await service.claimKey(callerOf(request));
      for (const id of (request.body as { ids: string[] }).ids)
        results.push(await decideOne(service, callerFor(request, id), id, toCommand(request.body)));
      const done = results.filter(({ ok }) => ok).length;
      return { done, refused: results.length - done, results };
    });
  }
}

/** A request that is sent again finds each record's own answer. */
function callerFor(request: FastifyRequest, id: string): Caller {
  const { idempotency, ...caller } = callerOf(request);
  if (!idempotency) return caller;
  return { ...caller, idempotency: { ...idempotency, path: `${idempotency.path}/${id}` } };
}

async function decideOne(
  service: ExceptionService,
  caller: Caller,
  id: string,
  command: ExceptionCommand,
): Promise<Result> {
  try {
    const { record } = await service.execute(caller, id, command);
    return { id, ok: true, status: record.state.status, problem: null };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const { status, code, detail } = problemOf(error);
    return { id, ok: false, status: null, problem: { status, code, detail } };
  }
}
