import { DomainError } from '../../domain/errors.ts';
import type { TenantLife } from '../../domain/tenant/tenant-life.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';

/** How a tenant stands to whoever runs the server: its name and its states, and nothing of its content. */
export const TENANT_STATES = [
  'active',
  'suspended',
  'to-be-deleted',
  'being-deleted',
  'deleted',
] as const;
export type TenantStateName = (typeof TENANT_STATES)[number];

/** A tenant as an operator sees it. */
export interface TenantView {
  readonly tenant_id: string;
  readonly name: string;
  readonly state: TenantStateName;
  /** Whether its ledger extends what was signed before; null once it is deleted. */
  readonly ledger: 'whole' | 'diverged' | null;
  readonly created_at: string | null;
  readonly suspended: TenantLife['suspended'] | null;
  readonly deletion: TenantLife['deletion'] | null;
  readonly deleted_at: string | null;
}

type Row = Record<string, unknown> & {
  readonly tenant_id: string;
  readonly name: string;
  readonly state: string;
  readonly created_at: Date;
  readonly own: TenantLife | null;
  readonly gone: TenantLife | null;
};

/** Tenants with their own word on themselves, and the operator's. `$1` is the operator's tenant. */
const TENANTS = `SELECT t.tenant_id, t.name, t.state, t.created_at, o.state AS own, g.state AS gone
  FROM lapse.tenants t
  LEFT JOIN lapse.tenant_standings o ON o.tenant_id = t.tenant_id AND o.subject_id = t.tenant_id
  LEFT JOIN lapse.tenant_standings g ON g.tenant_id = $1 AND g.subject_id = t.tenant_id AND g.subject_id <> $1`;

/** The operator's own place, which is never suspended or deleted; undefined before there is any tenant. */
export async function operatorsTenant(tx: Transaction): Promise<string | undefined> {
  const [row] = await tx.query<{ tenant_id: string }>(
    'SELECT tenant_id FROM lapse.tenants WHERE is_operators LIMIT 1',
  );
  return row?.tenant_id;
}

/** A page of the tenants that are there, the newest first. */
export function listTenants(
  tx: Transaction,
  operatorsId: string,
  page: PageRequest,
): Promise<IdPage<TenantView>> {
  return readPage(
    'tenants',
    page,
    ({ tenant_id }) => tenant_id,
    async (after, count) => {
      const rows = await tx.query<Row>(
        `${TENANTS} WHERE $2::text IS NULL OR t.tenant_id < $2 ORDER BY t.tenant_id DESC LIMIT $3`,
        [operatorsId, after ?? null, count],
      );
      return rows.map(viewOf);
    },
  );
}

/** One tenant, there or deleted; refuses with `not-found`. */
export async function viewTenant(
  tx: Transaction,
  operatorsId: string,
  tenantId: string,
): Promise<TenantView> {
  const [[row], [gone]] = await Promise.all([
    tx.query<Row>(`${TENANTS} WHERE t.tenant_id = $2`, [operatorsId, tenantId]),
    tx.query<{ state: TenantLife }>(
      'SELECT state FROM lapse.tenant_standings WHERE tenant_id = $1 AND subject_id = $2 AND tenant_id <> subject_id',
      [operatorsId, tenantId],
    ),
  ]);
  if (row) return viewOf(row);
  if (gone) return viewOfGone(tenantId, gone.state);
  throw new DomainError('not-found', 'there is no such tenant');
}

function viewOf({ tenant_id, name, state, created_at, own, gone }: Row): TenantView {
  return {
    tenant_id,
    name,
    state: stateOf(own ?? {}, gone ?? {}),
    ledger: state === 'active' ? 'whole' : 'diverged',
    created_at: created_at.toISOString(),
    suspended: own?.suspended ?? null,
    deletion: own?.deletion ?? gone?.deleting?.ordered ?? null,
    deleted_at: null,
  };
}

function viewOfGone(tenant_id: string, { deleting, deleted }: TenantLife): TenantView {
  return {
    tenant_id,
    name: deleting?.name ?? '',
    state: deleted ? 'deleted' : 'being-deleted',
    ledger: null,
    created_at: null,
    suspended: null,
    deletion: deleting?.ordered ?? null,
    deleted_at: deleted?.at ?? null,
  };
}

function stateOf(own: TenantLife, { deleting }: TenantLife): TenantStateName {
  if (deleting) return 'being-deleted';
  if (own.deletion) return 'to-be-deleted';
  return own.suspended ? 'suspended' : 'active';
}
