import { DomainError } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/ledger/canonical.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { knownAs, policyDigest } from '../../domain/policy/policy-digest.ts';
import { policyPack } from '../../domain/policy/policy-pack.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { PolicyVersion } from './policy-events.ts';
import { textDigest } from './policy-stream.ts';

/** Packs that a process remembers, by digest: most tenants have one for months. */
const REMEMBERED = 64;

interface InForceRow {
  readonly tenant_id: string;
  readonly digest: string | null;
  /** Absent where it is remembered, or lost. */
  readonly pack: string | null;
  readonly has_built_in: boolean;
}

const IN_FORCE = `
  SELECT t.tenant_id, v.digest, CASE WHEN v.digest = ANY($2::text[]) THEN NULL ELSE p.pack END AS pack,
    EXISTS (SELECT FROM lapse.policy_packs b WHERE b.tenant_id = t.tenant_id AND b.digest = $3) AS has_built_in
  FROM unnest($1::text[]) AS t(tenant_id)
  LEFT JOIN LATERAL (SELECT state->>'digest' AS digest FROM lapse.policy_versions
    WHERE tenant_id = t.tenant_id AND ($4::text IS NULL OR state->>'since' <= $4)
    ORDER BY version DESC LIMIT 1) v ON true
  LEFT JOIN lapse.policy_packs p ON p.tenant_id = t.tenant_id AND p.digest = v.digest`;

/** The packs of all tenants: the newest that each has put in force, or else the built-in one. */
export class PolicyStore {
  /** The pack of tenants that have put none in force. */
  readonly builtIn: Policy;
  readonly #remembered = new Map<string, Policy>();
  readonly #keepsBuiltIn = new Set<string>();

  constructor(builtIn: Policy) {
    this.builtIn = builtIn;
  }

  /**
   * The packs in force of some tenants, now or at an earlier instant (epoch milliseconds), in one
   * statement. What it answers refuses, with
   * `unavailable`, a tenant whose pack is not there as it was put in force: nothing is decided then.
   */
  async inForce(
    tx: Transaction,
    tenantIds: readonly string[],
    at?: number,
  ): Promise<(tenantId: string) => Policy> {
    // Others may push a pack out meanwhile; what the statement leaves out has to be there still.
    const remembered = new Map(this.#remembered);
    const rows = await tx.query<InForceRow>(IN_FORCE, [
      tenantIds,
      [...remembered.keys()],
      policyDigest(this.builtIn),
      at === undefined ? null : formatInstant(at),
    ]);
    const byTenant = new Map(rows.map((row) => [row.tenant_id, row]));
    for (const row of rows) if (row.has_built_in) this.#keepsBuiltIn.add(row.tenant_id);
    return (tenantId) => {
      const row = byTenant.get(tenantId);
      if (!row) throw new Error(`the pack of ${tenantId} was not asked for`);
      if (row.digest === null) return this.builtIn;
      return remembered.get(row.digest) ?? this.#read(row.digest, row.pack);
    };
  }

  /** Keeps a pack under its digest, in a transaction that is under way; again it changes nothing. */
  keep(tx: Transaction, tenantId: string, policy: Policy): void {
    // Every other pack was kept when it was put in force.
    if (policy !== this.builtIn || this.#keepsBuiltIn.has(tenantId)) return;
    insertPack(tx, tenantId, policy);
  }

  /** A pack that was in force once, or has decided a request; refuses with `not-found`. */
  async find(tx: Transaction, tenantId: string, digest: string): Promise<Policy> {
    const [row] = await tx.query<{ pack: string }>(
      'SELECT pack FROM lapse.policy_packs WHERE tenant_id = $1 AND digest = $2',
      [tenantId, digest],
    );
    if (row) return this.#read(digest, row.pack);
    if (digest === policyDigest(this.builtIn)) return this.builtIn;
    throw new DomainError(
      'not-found',
      `no policy pack with the digest ${digest} was ever in force`,
    );
  }

  #read(digest: string, text: string | null): Policy {
    if (text === null || textDigest(text) !== digest) {
      throw new DomainError(
        'unavailable',
        `the policy pack ${digest} is not there as it was put in force, so nothing can be decided; verify the ledger, and restore a backup`,
      );
    }
    const policy = knownAs(digest, policyPack.parse(JSON.parse(text)));
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= REMEMBERED && oldest !== undefined)
      this.#remembered.delete(oldest);
    this.#remembered.set(digest, policy);
    return policy;
  }
}

/** Queues a pack's canonical bytes under their digest. */
export function insertPack(tx: Transaction, tenantId: string, policy: Policy): void {
  tx.atCommit(
    `INSERT INTO lapse.policy_packs (tenant_id, digest, pack) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [tenantId, policyDigest(policy), canonicalJson(policy)],
  );
}

/** All versions of a tenant's policy, oldest first; none while it goes by the built-in pack. */
export async function readVersions(tx: Transaction, tenantId: string): Promise<PolicyVersion[]> {
  const rows = await tx.query<{ state: PolicyVersion }>(
    'SELECT state FROM lapse.policy_versions WHERE tenant_id = $1 ORDER BY version',
    [tenantId],
  );
  return rows.map((row) => row.state);
}
