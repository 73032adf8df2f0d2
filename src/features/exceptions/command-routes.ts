import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Permission } from '../../domain/access/permissions.ts';
import type { ExceptionCommand } from '../../domain/exception/commands.ts';
import type { RenewalRequest } from '../../domain/exception/renewal.ts';
import { expectedRevision } from '../../platform/http/revision.ts';
import { newUlid } from '../../platform/ids.ts';
import { additionBodies, commandBodies } from './command-bodies.ts';
import { callerOf, execute, idOf, sendAnswer } from './exception-routes.ts';
import { exceptionAnswer, idParameter, oneException } from './exception-schemas.ts';
import type { ExceptionService } from './exception-service.ts';

type Body<Name extends CommandName> = z.output<(typeof commandBodies)[Name]>;
type CommandName = Exclude<keyof typeof commandBodies, 'renew' | 'approve'>;

interface CommandRoute<Name extends CommandName> {
  readonly summary: string;
  readonly permission: Permission;
  readonly command: (body: Body<Name>) => ExceptionCommand;
}

/** The commands of INTERFACE, HTTP: the last part of each path, and what its body becomes. */
const COMMANDS: { readonly [Name in CommandName]: CommandRoute<Name> } = {
  submit: {
    summary: 'Request approval of a complete draft; with break_glass in an emergency',
    permission: 'exception:write',
    command: ({ break_glass, reason }) =>
      break_glass && reason !== undefined
        ? { type: 'SubmitException', break_glass: { reason } }
        : { type: 'SubmitException' },
  },
  'request-changes': {
    summary: 'Send a request back to its requestor',
    permission: 'exception:approve',
    command: (body) => ({ type: 'RequestChanges', ...body }),
  },
  withdraw: {
    summary: 'Take a draft or request back',
    permission: 'exception:write',
    command: (body) => ({ type: 'WithdrawException', ...body }),
  },
  reject: {
    summary: 'Reject a request, or the pending change that the body names',
    permission: 'exception:approve',
    command: (body) => ({ type: 'RejectException', ...body }),
  },
  activate: {
    summary:
      'Confirm that the compensating controls are in place, and activate once the start is reached',
    permission: 'exception:write',
    command: (body) => ({ type: 'ActivateException', ...body }),
  },
  'request-extension': {
    summary: 'Ask for the one extension; it waits as a pending change',
    permission: 'exception:write',
    command: (body) => ({ type: 'RequestExtension', change_id: `chg_${newUlid()}`, ...body }),
  },
  'make-permanent': {
    summary: 'Ask to make it permanent, after three renewals; it waits as a pending change',
    permission: 'exception:write',
    command: (body) => ({ type: 'RequestPermanence', change_id: `chg_${newUlid()}`, ...body }),
  },
  'complete-review': {
    summary: 'Review a permanent exception; once approved, its end moves on by a year',
    permission: 'exception:write',
    command: (body) => ({ type: 'CompleteReview', change_id: `chg_${newUlid()}`, ...body }),
  },
  'reassess-risk': {
    summary: 'Say how the risk is now; where it has risen, its approvals are owed or it ends',
    permission: 'exception:write',
    command: ({ reason, risk_review, ...facts }) => ({
      type: 'ReassessRisk',
      change_id: `chg_${newUlid()}`,
      reason,
      risk_review,
      facts,
    }),
  },
  'require-rearchitecture': {
    summary: 'Decide that a chain with many renewals is re-architected instead of made permanent',
    permission: 'exception:approve',
    command: (body) => ({ type: 'RequireRearchitecture', ...body }),
  },
  revoke: {
    summary: 'End it early',
    permission: 'exception:write',
    command: (body) => ({ type: 'RevokeException', ...body }),
  },
  close: {
    summary: 'Close it with evidence for each closure criterion',
    permission: 'exception:write',
    command: (body) => ({ type: 'CloseException', ...body }),
  },
  archive: {
    summary: 'Freeze a closed record before its time',
    permission: 'exception:write',
    command: (body) => ({ type: 'ArchiveException', ...body }),
  },
};

/** `POST /v1/exceptions/{id}/…`: one command each, the record as answer. */
export function addCommandRoutes(app: FastifyInstance, service: ExceptionService): void {
  const tags = ['commands'];
  const response = { 200: oneException };
  for (const [name, route] of Object.entries(COMMANDS)) {
    const { summary, permission } = route;
    const toCommand = route.command as (body: unknown) => ExceptionCommand;
    const schema = {
      tags,
      summary,
      params: idParameter,
      body: commandBodies[name as CommandName],
      response,
    };
    app.post(`/exceptions/:id/${name}`, { config: { permission }, schema }, (request, reply) =>
      execute(service, request, reply, toCommand(request.body)),
    );
  }

  const write = { permission: 'exception:write' } as const;
  app.post(
    '/exceptions/:id/renew',
    {
      config: write,
      schema: {
        tags,
        summary: 'Make the draft of a renewal: a new record in the chain',
        params: idParameter,
        body: commandBodies.renew,
        response: { 201: exceptionAnswer },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const wanted = request.body as RenewalRequest;
      const answer = await service.renew(caller, idOf(request), wanted, expectedRevision(request));
      return sendAnswer(reply, caller, answer);
    },
  );

  app.post(
    '/exceptions/:id/violations',
    {
      config: write,
      schema: {
        tags,
        summary: 'Record that it was violated, and with what impact',
        params: idParameter,
        body: additionBodies.violations,
        response,
      },
    },
    (request, reply) => {
      const body = request.body as z.output<typeof additionBodies.violations>;
      return execute(service, request, reply, { type: 'RecordViolation', ...body });
    },
  );
}
