import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type {
  ApprovalSignature,
  ApprovalStatement,
} from '../../domain/signature/approval-signature.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { expectedRevision } from '../../platform/http/revision.ts';
import { approvalTerms, commandBodies } from './command-bodies.ts';
import { callerOf, execute, idOf } from './exception-routes.ts';
import { exceptionId, idParameter, oneException, time } from './exception-schemas.ts';
import type { Caller, ExceptionService } from './exception-service.ts';

type Body = z.output<typeof commandBodies.approve>;
type Terms = Omit<Body, 'signature'>;
type Answered = NonNullable<Body['signature']>;

/** How approvals are signed with passkeys, in the transaction of the approval. */
export interface ApprovalSigning {
  /** What a browser asks a passkey with, so that it signs the statement. */
  challenge(tx: Transaction, caller: Caller, statement: ApprovalStatement): Promise<object>;
  /** Checks what a passkey has answered; refuses with `signature-refused`. */
  check(tx: Transaction, caller: Caller, answered: Answered): Promise<ApprovalSignature>;
}

const person = z.object({ id: z.string(), name: z.string(), email: z.string().optional() });
const statement = z.object({
  v: z.literal(1),
  tenant_org: z.string(),
  exception_id: exceptionId,
  title: z.string(),
  approves: z.string().describe('request, emergency, or the kind of the change or review'),
  change_id: z.string().optional(),
  asked_at: time,
  statement_digest: z.string().describe('of the material fields as they stand'),
  ends_at: time.describe('the end that is approved; it may become earlier, and never later'),
  role: z.string(),
  consumer: z.string().optional(),
  on_behalf_of: person.extend({ delegation_id: z.string() }).optional(),
  approver: person,
  reason: z.string(),
});
const config = { permission: 'exception:approve' } as const;
const tags = ['commands'];

/** `POST /v1/exceptions/{id}/approve`, and the challenge that comes before one that is signed. */
export function addApproveRoutes(
  app: FastifyInstance,
  service: ExceptionService,
  signing: ApprovalSigning,
): void {
  app.post(
    '/exceptions/:id/approve',
    {
      config,
      schema: {
        tags,
        summary: 'Approve a request, or the pending change that the body names',
        params: idParameter,
        body: commandBodies.approve,
        response: { 200: oneException },
      },
    },
    (request, reply) => {
      const { signature: answered, ...terms } = request.body as Body;
      const command = { type: 'ApproveException', ...terms } as const;
      const revision = expectedRevision(request);
      if (!answered) return execute(service, request, reply, command, revision);
      const caller = callerOf(request);
      return execute(service, request, reply, command, revision, async (tx) => {
        const signature = await signing.check(tx, caller, answered);
        // An end is signed in any case; the body may leave it out.
        return { expires_at: signature.statement.ends_at, ...command, signature };
      });
    },
  );

  app.post(
    '/exceptions/:id/approve/challenge',
    {
      config,
      schema: {
        tags,
        summary:
          'What an approval would say, and the challenge for a passkey to sign it; five minutes',
        params: idParameter,
        body: z.strictObject(approvalTerms),
        response: {
          200: z.object({
            statement,
            options: z
              .record(z.string(), z.unknown())
              .describe('PublicKeyCredentialRequestOptionsJSON of WebAuthn'),
          }),
        },
      },
    },
    async (request: FastifyRequest) => {
      const caller = callerOf(request);
      const command = { type: 'ApproveException', ...(request.body as Terms) } as const;
      const { statement, offer } = await service.propose(
        caller,
        idOf(request),
        command,
        (tx, said) => signing.challenge(tx, caller, said),
      );
      return { statement, options: offer };
    },
  );
}
