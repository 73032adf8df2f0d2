import { parseCheckpoint } from '../../src/domain/ledger/checkpoint.ts';
import { fileCheckpointStore } from '../../src/journal/checkpoint-store.ts';
import type { FindingCode } from '../../src/journal/verify-findings.ts';
import { verifyLedger } from '../../src/journal/verify-ledger.ts';
import { STREAM_KINDS } from '../../src/main/stream-kinds.ts';
import type { Invariant } from './invariants.ts';
import { tenantIn, type World } from './world.ts';

/** Of the ledger, what left the database, and what the machine could not do. */
export const ledgerInvariants: readonly Invariant[] = [
  {
    name: 'the ledger verifies, and extends all that was ever signed and not given up',
    from: 'disturbance',
    timeless: true,
    check: async (world) => {
      const problems = await Promise.all(
        world.tenants.map((tenant) => ledgerProblems(world, tenant)),
      );
      return problems.flat();
    },
  },
  {
    name: 'a checkpoint leaves the database before it comes into it',
    from: 'disturbance',
    timeless: true,
    check: async ({ admin, tenants, outside: { folder } }) => {
      const { rows } = await admin.query<{ tenant_id: string; signed: number }>(
        'SELECT tenant_id, max(size)::int AS signed FROM lapse.ledger_checkpoints GROUP BY tenant_id',
      );
      const problems = rows.map(async ({ tenant_id, signed }) => {
        const outside = await newestSizeOutside(folder, tenant_id);
        const tenant = tenantIn({ tenants }, tenant_id);
        return signed <= outside ? [] : [`${tenant}: ${signed} signed, ${outside} outside`];
      });
      return (await Promise.all(problems)).flat();
    },
  },
  {
    name: 'an epoch is opened only where what was signed is lost',
    from: 'commit',
    check: ({ tenants, mirror, copies }) =>
      tenants.flatMap((tenant) => {
        const opened = mirror.epochsOf(tenant);
        const allowed = copies.allowedEpochs(tenant);
        return opened <= allowed
          ? []
          : [`${tenantIn({ tenants }, tenant)} has ${opened} epochs more, and not ${allowed}`];
      }),
  },
  {
    name: 'a ledger that lost what was signed is found out, and signs nothing',
    from: 'rest',
    check: async (world) => {
      const { rows } = await world.admin.query<{ tenant_id: string; tasks: number }>(
        `SELECT tenant_id, (SELECT count(*)::int FROM lapse.tasks k WHERE k.tenant_id = t.tenant_id
           AND kind = 'ledger-diverged' AND resolved_at IS NULL) AS tasks
         FROM lapse.tenants t WHERE state = 'read-only'`,
      );
      const told = rows.filter(({ tasks }) => tasks === 1).map(({ tenant_id }) => tenant_id);
      return world.tenants
        .filter((tenant) => world.copies.hasDiverged(world, tenant) && !told.includes(tenant))
        .map((tenant) => `${tenantIn(world, tenant)} may be changed, or no task tells of it`);
    },
  },
  {
    name: 'nothing is quarantined, and no ledger has diverged that lost nothing',
    from: 'disturbance',
    check: async (world) => {
      const { rows } = await world.admin.query<{
        tenant_id: string;
        about: string;
        problem: string;
      }>(
        `SELECT tenant_id, 'quarantine' AS about, coalesce(last_error, '?') AS problem
           FROM lapse.exception_deadlines WHERE quarantined_at IS NOT NULL
         UNION ALL SELECT tenant_id, kind, detail FROM lapse.tasks
           WHERE kind = 'quarantine' OR (kind = 'ledger-diverged' AND resolved_at IS NULL)
         UNION ALL SELECT tenant_id, 'ledger-diverged', 'a read-only tenant: ' || coalesce(state_note, '?')
           FROM lapse.tenants WHERE state <> 'active'`,
      );
      return rows
        .filter(
          ({ tenant_id, about }) =>
            about !== 'ledger-diverged' || !world.copies.hasDiverged(world, tenant_id),
        )
        .map(({ about, problem }) => `${about}: ${problem}`);
    },
  },
  {
    name: 'everything is in the ledger, signed, and signed outside',
    from: 'rest',
    check: async (world) => {
      const { admin, copies, outside } = world;
      const { rows } = await admin.query<{
        tenant_id: string;
        events: number;
        leaves: number;
        signed: number;
      }>(
        `SELECT tenant_id,
           (SELECT count(*)::int FROM lapse.events e WHERE e.tenant_id = t.tenant_id) AS events,
           (SELECT count(*)::int FROM lapse.ledger_leaves l WHERE l.tenant_id = t.tenant_id) AS leaves,
           (SELECT coalesce(max(size), 0)::int FROM lapse.ledger_checkpoints c WHERE c.tenant_id = t.tenant_id) AS signed
         FROM lapse.tenants t`,
      );
      const problems = rows.map(async ({ tenant_id, events, leaves, signed }) => {
        if (copies.hasDiverged(world, tenant_id)) return [];
        const kept = await newestSizeOutside(outside.folder, tenant_id);
        if (events === leaves && leaves === signed && signed === kept) return [];
        const tenant = tenantIn(world, tenant_id);
        return [`${tenant}: ${events} events, ${leaves} leaves, ${signed} signed, ${kept} outside`];
      });
      return (await Promise.all(problems)).flat();
    },
  },
];

/** What verification says of a ledger that does not extend what was signed, and is whole otherwise. */
const OF_DIVERGENCE: readonly FindingCode[] = [
  'checkpoint-unverified',
  'checkpoint-mismatch',
  'checkpoint-beyond-tree',
  'ledger-cut-off',
];

async function ledgerProblems(world: World, tenantId: string): Promise<string[]> {
  const outside = world.outside.everKept(tenantId);
  const { findings, epochs } = await verifyLedger({
    connection: world.application,
    tenantId,
    kinds: STREAM_KINDS,
    settled: { outside, waitedBefore: [], problem: undefined },
  });
  const diverged = world.copies.hasDiverged(world, tenantId);
  const others = findings.filter(({ code }) => !diverged || !OF_DIVERGENCE.includes(code));
  const problems = others.map(({ code, message }) => `${code}: ${message}`);
  const tenant = tenantIn(world, tenantId);
  if (diverged && findings.length === 0)
    problems.push(`${tenant} has diverged, and that is no finding`);
  if (epochs.length !== world.mirror.epochsOf(tenantId))
    problems.push(`${tenant} has epochs that verification does not name`);
  return problems;
}

/** The size of the newest checkpoint outside the database; 0 where none has left it. */
async function newestSizeOutside(folder: string, tenantId: string): Promise<number> {
  const note = await fileCheckpointStore(folder).newest(tenantId);
  return note === undefined ? 0 : parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)).size;
}
