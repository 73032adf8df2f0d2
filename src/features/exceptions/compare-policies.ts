import { stateAt } from '../../domain/exception/catch-up.ts';
import {
  POLICY_EFFECTS,
  type PolicyEffect,
  type PolicyEffectKind,
  policyEffects,
  WEIGHED,
} from '../../domain/exception/policy-effects.ts';
import type { Status } from '../../domain/exception/status.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { openSnapshot } from '../../platform/db/snapshot.ts';
import type { Database, Reach } from '../../platform/db/transaction.ts';
import { type StateColumns, stateOf } from './exception-row.ts';
import { policyOf, type TenantPolicies } from './tenant-policies.ts';

/** A record of which another pack would ask more. */
export interface AffectedRecord {
  readonly exception_id: string;
  readonly title: string;
  readonly status: Status;
  readonly effects: readonly PolicyEffect[];
}

/** How far a comparison is, and what it has found so far; the last one is the result. */
export interface ComparisonCounts {
  /** Requests, and records that are approved or open. */
  readonly records: number;
  readonly affected: number;
  /** Records by what another pack would ask of them; one record may count in several. */
  readonly effects: Readonly<Record<PolicyEffectKind, number>>;
}

/** What a comparison tells: the affected records of a batch, and the counts up to there. */
export interface ComparedBatch {
  readonly affected: readonly AffectedRecord[];
  readonly counts: ComparisonCounts;
}

/** Compares a pack with the one in force, over what of a tenant's register is within reach. */
export type ComparePolicies = (reach: Reach, policy: Policy) => AsyncGenerator<ComparedBatch, void>;

/** Records that are in memory at once. The largest have 256 KB, the usual 4. */
const BATCH = 50;

const RECORDS = `SELECT fields, state FROM lapse.exceptions
  WHERE tenant_id = $1 AND status = ANY($2) ORDER BY exception_id`;

/** Weighs every request and every open record in a snapshot, however long that takes. */
export function policyComparison(db: Database, policies: TenantPolicies): ComparePolicies {
  return async function* compare(reach, policy) {
    const { tenantId } = reach;
    const [now, present] = await db.inTenant(tenantId, (tx) =>
      Promise.all([tx.now, policyOf(policies, tx, tenantId)]),
    );
    const snapshot = await openSnapshot(db.connection, reach);
    try {
      let counts: ComparisonCounts = { records: 0, affected: 0, effects: noEffects() };
      yield { affected: [], counts };
      for await (const rows of snapshot.batches<StateColumns>(
        RECORDS,
        [tenantId, WEIGHED],
        BATCH,
      )) {
        const affected = rows.flatMap((row) => weigh(row, present, policy, now));
        counts = added(counts, rows.length, affected);
        yield { affected, counts };
      }
    } finally {
      await snapshot.close();
    }
  };
}

function weigh(row: StateColumns, present: Policy, next: Policy, now: number): AffectedRecord[] {
  const stored = stateOf(row);
  const at = Math.max(now, stored.updated_at);
  const state = stateAt(stored, at, present);
  // What no sweep has come to may be over already.
  if (!WEIGHED.includes(state.status)) return [];
  const effects = policyEffects(state, present, next, at);
  if (effects.length === 0) return [];
  const { exception_id, status, fields } = state;
  return [{ exception_id, title: fields.title, status, effects }];
}

function added(
  counts: ComparisonCounts,
  records: number,
  affected: readonly AffectedRecord[],
): ComparisonCounts {
  const effects = { ...counts.effects };
  for (const record of affected)
    for (const kind of new Set(record.effects.map((effect) => effect.kind))) effects[kind] += 1;
  return {
    records: counts.records + records,
    affected: counts.affected + affected.length,
    effects,
  };
}

function noEffects(): Record<PolicyEffectKind, number> {
  return Object.fromEntries(POLICY_EFFECTS.map((kind) => [kind, 0])) as Record<
    PolicyEffectKind,
    number
  >;
}
