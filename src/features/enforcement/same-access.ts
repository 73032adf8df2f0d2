import type { GrantState } from '../../domain/enforcement/grant.ts';
import { type GrantSpec, grantsOf, type ListedGrant } from '../../domain/enforcement/grant-spec.ts';
import type { Wanted } from '../../domain/enforcement/wanted.ts';
import { isInForce } from '../../domain/exception/advance.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type EnforcementParts, recordKey } from './enforcement-parts.ts';
import { keyColumn } from './grant-store.ts';

/** What is known of a grant that may be over. */
interface MaybeOver {
  readonly row: { readonly tenantId: string; readonly grantId: string };
  readonly spec: GrantSpec;
  readonly wanted: Wanted;
  readonly stored: { readonly state: GrantState } | undefined;
}

/**
 * What is wanted of grants that are over while another record in force lists the same access: it answers
 * for what stands there from then on, so that nobody loses what a record still allows.
 */
export async function withSameAccess<Outlook extends MaybeOver>(
  tx: Transaction,
  { recordsOf }: Pick<EnforcementParts, 'recordsOf'>,
  outlooks: readonly (Outlook | undefined)[],
  now: number,
): Promise<(Outlook | undefined)[]> {
  const over = outlooks.filter((outlook) => outlook !== undefined).filter(isOver);
  if (over.length === 0) return [...outlooks];
  const found = await tx.query<{
    own_id: string;
    tenant_id: string;
    exception_id: string;
    grant_id: string;
  }>(
    `SELECT o.grant_id AS own_id, g.tenant_id, g.exception_id, g.grant_id
     FROM unnest($1::text[], $2::text[], $3::text[]) AS o(tenant_id, grant_id, grant_key)
     JOIN lapse.grants g ON g.tenant_id = o.tenant_id AND g.grant_key = o.grant_key
     WHERE g.grant_id <> o.grant_id AND g.status <> 'removed' ORDER BY g.grant_id`,
    [
      over.map(({ row }) => row.tenantId),
      over.map(({ row }) => row.grantId),
      over.map(({ spec }) => keyColumn(spec)),
    ],
  );
  if (found.length === 0) return [...outlooks];
  const places = found.map((row) => ({ tenantId: row.tenant_id, exceptionId: row.exception_id }));
  const records = await recordsOf(tx, places);
  const heirs = new Map<string, ListedGrant>();
  for (const { own_id, tenant_id, exception_id, grant_id } of found) {
    const record = records.get(recordKey({ tenantId: tenant_id, exceptionId: exception_id }));
    if (!record || !isInForce(record, Math.max(now, record.updated_at))) continue;
    const listed = grantsOf(record).find(({ grantId }) => grantId === grant_id);
    const key = `${tenant_id}/${own_id}`;
    if (listed && !heirs.has(key)) heirs.set(key, listed);
  }
  return outlooks.map((outlook) => {
    const heir = outlook && heirs.get(`${outlook.row.tenantId}/${outlook.row.grantId}`);
    return heir
      ? { ...outlook, wanted: { ...outlook.wanted, handOverTo: heir } as Wanted }
      : outlook;
  });
}

function isOver({ wanted, stored }: MaybeOver): boolean {
  return wanted.presence === 'absent' && !wanted.handOverTo && stored?.state.status !== 'removed';
}
