import { createHash } from 'node:crypto';
import type { StreamChange, StreamKind } from '../../journal/stream.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { evolvePolicy, type PolicyPut, type PolicyState, policyPut } from './policy-events.ts';

/** The stream of a tenant's policy, which bears the tenant's id, and a row for each version. */
export const policyStream: StreamKind<PolicyState, PolicyPut> = {
  type: 'policy',
  upcast(type, version, data) {
    if (type === 'PolicyPut' && version === 1) return { type, data: policyPut.parse(data) };
    throw new Error(`unknown event ${type} version ${version}`);
  },
  versionOf: () => 1,
  evolve: evolvePolicy,
  write,
  tables: [{ table: 'policy_versions', id: 'tenant_id', columns: ['version', 'state'] }],
  project: ({ state }) => [state.versions.map((one) => [String(one.version), one])],
  compareBeside,
};

function write(tx: Transaction, changes: readonly StreamChange<PolicyState>[]): void {
  const rows = changes.flatMap(({ tenantId, state, previous }) =>
    state.versions
      .slice(previous?.versions.length ?? 0)
      .map((one) => ({ tenant_id: tenantId, version: one.version, state: one })),
  );
  tx.atCommit(
    `INSERT INTO lapse.policy_versions (tenant_id, version, state)
     SELECT tenant_id, version, state
     FROM jsonb_to_recordset($1::jsonb) AS r(tenant_id text, version int, state jsonb)`,
    [JSON.stringify(rows)],
  );
}

const NAMED = `
  SELECT state->>'digest' AS digest FROM lapse.policy_versions WHERE tenant_id = $1
  UNION SELECT digest FROM lapse.policy_packs WHERE tenant_id = $1 ORDER BY 1`;

/** The packs that are named, or kept, and are not there with the bytes that their digest is of. */
async function compareBeside(reader: Reader, tenantId: string) {
  const named = await reader.query<{ digest: string }>(NAMED, [tenantId]);
  // One at a time: a pack may have a quarter of a megabyte, and there may be any number.
  for (const { digest } of named) {
    const [row] = await reader.query<{ pack: string }>(
      'SELECT pack FROM lapse.policy_packs WHERE tenant_id = $1 AND digest = $2',
      [tenantId, digest],
    );
    if (row && textDigest(row.pack) === digest) continue;
    const what = row ? 'is not what its digest is of' : 'is not there';
    return { code: 'policy-mismatch' as const, message: `the policy pack ${digest} ${what}` };
  }
  return undefined;
}

/** The digest of a pack's canonical JSON. */
export function textDigest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
