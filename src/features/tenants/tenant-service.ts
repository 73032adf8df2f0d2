import { DomainError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { createLedgerKey } from '../../journal/ledger-key.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';

/** Where a new tenant's ledger is named after, and what its key rests under. */
export interface TenantOptions {
  readonly publicUrl: string;
  readonly master: MasterKey;
}

/**
 * The tenant of a database that has just been set up, which is the operator's own place: makes it, with
 * its ledger key, where there is none at all. Answers its id.
 */
export async function ensureFirstTenant(
  tx: Transaction,
  name: string,
  { publicUrl, master }: TenantOptions,
): Promise<string> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('lapse first tenant', 0))");
  const [known] = await tx.query<{ tenant_id: string }>(
    'SELECT tenant_id FROM lapse.tenants ORDER BY is_operators DESC, created_at, tenant_id LIMIT 1',
  );
  const tenantId = known?.tenant_id ?? (await createTenant(tx, name, { publicUrl, master }));
  // A tenant that was exported, and restored into a database of its own, is not marked yet.
  tx.atCommit(
    'UPDATE lapse.tenants SET is_operators = true WHERE tenant_id = $1 AND NOT is_operators',
    [tenantId],
  );
  return tenantId;
}

/** Makes a tenant with a ledger key of its own. Answers its id. */
export async function createTenant(
  tx: Transaction,
  name: string,
  { publicUrl, master }: TenantOptions,
): Promise<string> {
  const tenantId = newUlid();
  const at = formatInstant(await tx.now);
  tx.atCommit('INSERT INTO lapse.tenants (tenant_id, name, created_at) VALUES ($1, $2, $3)', [
    tenantId,
    name,
    at,
  ]);
  createLedgerKey(tx, tenantId, ledgerOrigin(publicUrl, tenantId), master, at);
  return tenantId;
}

/** A log's origin is a URL without its scheme, and must never change (C2SP tlog-checkpoint). */
function ledgerOrigin(publicUrl: string, tenantId: string): string {
  const { host, pathname } = new URL(publicUrl);
  return `${host}${pathname === '/' ? '' : pathname}/ledger/${tenantId}`;
}

/** The ids of every tenant, the first one first. */
export async function tenantIds(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string }>(
    'SELECT tenant_id FROM lapse.tenants ORDER BY created_at, tenant_id',
  );
  return rows.map(({ tenant_id: id }) => id);
}

/** What the tenant is called. */
export async function tenantName(tx: Transaction, tenantId: string): Promise<string> {
  const [tenant] = await tx.query<{ name: string }>(
    'SELECT name FROM lapse.tenants WHERE tenant_id = $1',
    [tenantId],
  );
  if (!tenant) throw new DomainError('not-found', 'there is no such tenant');
  return tenant.name;
}

/** Whether a tenant's register may be changed, and why not. */
export interface TenantState {
  readonly isWritable: boolean;
  /** What was found out when it was made read-only. */
  readonly note: string | undefined;
}

/** A tenant's state at this moment. */
export function tenantState(tx: Transaction, tenantId: string): Promise<TenantState> {
  return readState(
    tx,
    tenantId,
    'SELECT state, state_note FROM lapse.tenants WHERE tenant_id = $1',
  );
}

/** As `tenantState`; it stays so for as long as the transaction lasts. */
export function lockTenant(tx: Transaction, tenantId: string): Promise<TenantState> {
  return readState(
    tx,
    tenantId,
    'SELECT state, state_note FROM lapse.tenants WHERE tenant_id = $1 FOR UPDATE',
  );
}

async function readState(tx: Transaction, tenantId: string, query: string): Promise<TenantState> {
  const [tenant] = await tx.query<{ state: string; state_note: string | null }>(query, [tenantId]);
  if (!tenant) throw new DomainError('not-found', 'there is no such tenant');
  return { isWritable: tenant.state === 'active', note: tenant.state_note ?? undefined };
}

/** Refuses changes while the tenant may only be read. */
export async function assertWritable(tx: Transaction, tenantId: string): Promise<void> {
  const { isWritable, note } = await tenantState(tx, tenantId);
  if (isWritable) return;
  throw new DomainError(
    'ledger-diverged',
    `the register can only be read: ${note ?? 'its ledger does not extend what was signed before'}; ${WAY_OUT}`,
  );
}

const WAY_OUT =
  'put the newest copy of the database back, or have an administrator open a new epoch (`lapse ledger new-epoch`)';

/**
 * Makes a tenant read-only because its ledger lost entries that were signed, and opens a task. Does
 * nothing where an epoch was opened after the one that this was judged in.
 */
export function markDiverged(
  db: Database,
): (tenantId: string, detail: string, epoch: number) => Promise<void> {
  return (tenantId, detail, epoch) =>
    db.inSystem(async (tx) => {
      // Whoever opens an epoch holds the row: what is read after it is read after them.
      await lockTenant(tx, tenantId);
      const [later] = await tx.query(
        'SELECT FROM lapse.ledger_epochs WHERE tenant_id = $1 AND epoch > $2 LIMIT 1',
        [tenantId, epoch],
      );
      if (later) return;
      await makeReadOnly(tx, tenantId, detail);
    });
}

/** Makes a tenant read-only, whatever it is now, and opens a task. */
export async function makeReadOnly(
  tx: Transaction,
  tenantId: string,
  detail: string,
): Promise<void> {
  const at = formatInstant(await tx.now);
  tx.atCommit(
    "UPDATE lapse.tenants SET state = 'read-only', state_note = $2 WHERE tenant_id = $1",
    [tenantId, detail],
  );
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, 'ledger-diverged', 'ledger', $1, $3, $4) ON CONFLICT DO NOTHING`,
    [tenantId, `task_${newUlid()}`, `${detail}; ${WAY_OUT}`, at],
  );
}

/** Lets a tenant be changed again after its ledger had diverged, and resolves the task. */
export function resumeWriting(
  tx: Transaction,
  tenantId: string,
  { by, at }: { readonly by: string; readonly at: number },
): void {
  tx.atCommit("UPDATE lapse.tenants SET state = 'active', state_note = NULL WHERE tenant_id = $1", [
    tenantId,
  ]);
  tx.atCommit(
    `UPDATE lapse.tasks SET resolved_at = $2, resolved_by = $3
     WHERE tenant_id = $1 AND kind = 'ledger-diverged' AND resolved_at IS NULL`,
    [tenantId, formatInstant(at), by],
  );
}
