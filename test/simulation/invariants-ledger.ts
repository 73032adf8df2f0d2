import { parseCheckpoint } from '../../src/domain/ledger/checkpoint.ts';
import { exceptionStream } from '../../src/features/exceptions/exception-store.ts';
import { fileCheckpointStore } from '../../src/journal/checkpoint-store.ts';
import { verifyLedger } from '../../src/journal/verify-ledger.ts';
import type { Invariant } from './invariants.ts';
import type { World } from './world.ts';

/** Of the ledger, what left the database, and what the machine could not do. */
export const ledgerInvariants: readonly Invariant[] = [
  {
    name: 'the ledger verifies, and extends all that was ever signed',
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
        const tenant = `tenant ${tenants.indexOf(tenant_id) + 1}`;
        return signed <= outside ? [] : [`${tenant}: ${signed} signed, ${outside} outside`];
      });
      return (await Promise.all(problems)).flat();
    },
  },
  {
    name: 'nothing is quarantined, and no ledger has diverged',
    from: 'disturbance',
    check: async ({ admin }) => {
      const { rows } = await admin.query<{ problem: string }>(
        `SELECT 'quarantined: ' || coalesce(last_error, '?') AS problem FROM lapse.exception_deadlines
           WHERE quarantined_at IS NOT NULL
         UNION ALL SELECT 'a task: ' || detail FROM lapse.tasks
         UNION ALL SELECT 'a read-only tenant: ' || coalesce(state_note, '?') FROM lapse.tenants WHERE state <> 'active'`,
      );
      return rows.map(({ problem }) => problem);
    },
  },
  {
    name: 'everything is in the ledger, signed, and signed outside',
    from: 'end',
    check: async ({ admin, tenants, outside: { folder } }) => {
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
        const outside = await newestSizeOutside(folder, tenant_id);
        if (events === leaves && leaves === signed && signed === outside) return [];
        const tenant = `tenant ${tenants.indexOf(tenant_id) + 1}`;
        return [
          `${tenant}: ${events} events, ${leaves} leaves, ${signed} signed, ${outside} outside`,
        ];
      });
      return (await Promise.all(problems)).flat();
    },
  },
];

async function ledgerProblems(world: World, tenantId: string): Promise<string[]> {
  const outside = world.outside.everKept(tenantId);
  const { findings } = await verifyLedger({
    connection: world.application,
    tenantId,
    kinds: [exceptionStream],
    settled: { outside, waitedBefore: [], problem: undefined },
  });
  return findings.map(({ code, message }) => `${code}: ${message}`);
}

/** The size of the newest checkpoint outside the database; 0 where none has left it. */
async function newestSizeOutside(folder: string, tenantId: string): Promise<number> {
  const note = await fileCheckpointStore(folder).newest(tenantId);
  return note === undefined ? 0 : parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)).size;
}
