import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { longText } from '../../domain/exception/field-shapes.ts';
import { lossOf, type OpenedEpoch } from '../../domain/ledger/epoch.ts';
import { formatVerifierKey, parseVerifierKey } from '../../domain/ledger/verifier-key.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import type { EpochService, LedgerEpochs } from './epoch-service.ts';

const openingBody = z.strictObject({
  reason: longText.describe('what happened, and why what was signed is given up'),
});

const checkpoints = z.array(z.object({ origin: z.string(), size: z.int() }));
const loss = {
  tree_size: z.int().describe('entries in the tree'),
  fork_size: z.int().describe('up to here the tree agrees with what was signed'),
  lost_entries: z.int().describe('signed entries beyond that: lost, or replaced by others'),
  given_up: checkpoints.describe('the largest checkpoint of each log that the tree contradicts'),
};

const epochAnswer = z.object({
  epoch: z.int(),
  origin: z.string(),
  verifier_key: z.string(),
  opened_at: z.string(),
  opened_by: z.object({ id: z.string(), name: z.string() }).nullable(),
  reason: z.string().nullable(),
  handover: z
    .string()
    .nullable()
    .describe("the note by which the key before hands over to this one's"),
  ...loss,
});

const listAnswer = z.object({
  items: z.array(epochAnswer),
  divergence: z
    .object({ detail: z.string(), ...loss })
    .nullable()
    .describe('what a new epoch would give up; null while the tree extends all that was signed'),
});

const tags = ['ledger'];

/** `/v1/ledger/epochs`: how a ledger goes on whose tree does not extend what was signed. */
export function addEpochRoutes(app: FastifyInstance, epochs: EpochService): void {
  app.get(
    '/ledger/epochs',
    {
      config: { permission: 'ledger:verify' },
      schema: {
        tags,
        summary: 'The epochs of the ledger, and whether it has diverged',
        response: { 200: listAnswer },
      },
    },
    async (request) => toList(await epochs.list(request.principal.tenantId)),
  );

  app.post(
    '/ledger/epochs',
    {
      config: { permission: 'ledger:open-epoch' },
      schema: {
        tags,
        summary: 'Open a new epoch of a ledger that has diverged',
        body: openingBody,
        response: { 201: epochAnswer },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const { reason } = request.body as z.infer<typeof openingBody>;
      const idempotency = idempotencyOf(request, principal.actor.id);
      return reply.code(201).send(toAnswer(await epochs.open(principal, reason, idempotency)));
    },
  );
}

function toList({ first, opened, standing, divergence }: LedgerEpochs): z.infer<typeof listAnswer> {
  const { origin, publicKey } = first.key;
  const { treeSize: tree_size, forkSize: fork_size, cited } = standing;
  const begun = {
    epoch: 1,
    origin,
    verifier_key: formatVerifierKey(origin, publicKey),
    opened_at: first.createdAt,
    opened_by: null,
    reason: null,
    handover: null,
    tree_size: 0,
    fork_size: 0,
    lost_entries: 0,
    given_up: [],
  };
  return {
    items: [begun, ...opened.map(toAnswer)],
    divergence:
      divergence === undefined
        ? null
        : { detail: divergence, tree_size, fork_size, ...lossOf({ cited, fork_size }) },
  };
}

function toAnswer(epoch: OpenedEpoch): z.infer<typeof epochAnswer> {
  const { cited: _, ...rest } = epoch;
  return { ...rest, origin: parseVerifierKey(epoch.verifier_key).name, ...lossOf(epoch) };
}
