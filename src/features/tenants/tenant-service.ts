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
 * The tenant of a database that has just been set up: makes it, with its ledger key, where there is
 * none at all. Answers its id.
 */
export async function ensureFirstTenant(
  tx: Transaction,
  name: string,
  { publicUrl, master }: TenantOptions,
): Promise<string> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('lapse first tenant', 0))");
  const [known] = await tx.query<{ tenant_id: string }>(
    'SELECT tenant_id FROM lapse.tenants ORDER BY created_at, tenant_id LIMIT 1',
  );
  if (known) return known.tenant_id;
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

/** Refuses changes while the tenant may only be read. */
export async function assertWritable(tx: Transaction, tenantId: string): Promise<void> {
  const [tenant] = await tx.query<{ state: string; state_note: string | null }>(
    'SELECT state, state_note FROM lapse.tenants WHERE tenant_id = $1',
    [tenantId],
  );
  if (!tenant) throw new DomainError('not-found', 'there is no such tenant');
  if (tenant.state === 'active') return;
  throw new DomainError(
    'ledger-diverged',
    `the register can only be read: ${tenant.state_note ?? 'its ledger does not extend what was signed before'}; an administrator has to look into it`,
  );
}

/** Makes a tenant read-only because its ledger lost entries that were signed, and opens a task. */
export function markDiverged(db: Database): (tenantId: string, detail: string) => Promise<void> {
  return (tenantId, detail) => db.inSystem((tx) => makeReadOnly(tx, tenantId, detail));
}

/** As `markDiverged`, with the caller's transaction. */
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
    [tenantId, `task_${newUlid()}`, detail, at],
  );
}
