import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import { type GrantSpec, grantsOf, type ListedGrant } from '../../domain/enforcement/grant-spec.ts';
import { wantedOf } from '../../domain/enforcement/wanted.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type EnforcementParts, recordKey } from './enforcement-parts.ts';

/** A grant that is to go, with what it gives. */
export interface GoingGrant {
  readonly tenantId: string;
  readonly grantId: string;
  readonly spec: GrantSpec;
}

/**
 * Grants of other records in force that give the very same access as some that are to go: what an
 * exception allows is not taken away because another one has ended. By `<tenant>/<grant that goes>`.
 */
export async function readSharers(
  tx: Transaction,
  recordsOf: EnforcementParts['recordsOf'],
  going: readonly GoingGrant[],
  now: number,
): Promise<ReadonlyMap<string, ListedGrant>> {
  if (going.length === 0) return new Map();
  const others = await tx.query<OtherGrant>(
    `SELECT r.tenant_id, r.grant_id AS going, g.grant_id, g.exception_id
     FROM unnest($1::text[], $2::text[], $3::text[]) AS r(tenant_id, grant_id, grant_key)
     JOIN lapse.grants g ON g.tenant_id = r.tenant_id AND g.grant_key = r.grant_key
       AND g.grant_id <> r.grant_id AND g.status <> 'removed'
     ORDER BY g.grant_id`,
    [
      going.map(({ tenantId }) => tenantId),
      going.map(({ grantId }) => grantId),
      going.map(({ spec }) => grantDigest(spec)),
    ],
  );
  if (others.length === 0) return new Map();
  const places = others.map((other) => ({
    tenantId: other.tenant_id,
    exceptionId: other.exception_id,
  }));
  const records = await recordsOf(tx, places);
  return new Map(
    others.flatMap((other) => {
      const { tenant_id: tenantId, exception_id: exceptionId } = other;
      const record = records.get(recordKey({ tenantId, exceptionId }));
      const listed = record && grantsOf(record).find(({ grantId }) => grantId === other.grant_id);
      if (!listed || wantedOf(record, listed.spec, now).presence !== 'present') return [];
      return [[`${tenantId}/${other.going}`, listed] as const];
    }),
  );
}

type OtherGrant = Record<string, unknown> & {
  readonly tenant_id: string;
  readonly going: string;
  readonly grant_id: string;
  readonly exception_id: string;
};
