import type { Cause } from '../../domain/reconciliation/schedule.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** A comparison that begins. */
export interface NewRun {
  readonly tenantId: string;
  readonly reconciliationId: string;
  readonly cause: Cause;
  /** The id of whoever asked. */
  readonly askedBy?: string | undefined;
  readonly previousId: string | undefined;
  readonly now: number;
}

/** Queues a comparison; nothing where one of the tenant is under way. */
export function insertRun(tx: Transaction, run: NewRun): void {
  tx.atCommit(
    `INSERT INTO lapse.reconciliations
       (tenant_id, reconciliation_id, cause, asked_by, previous_id, started_at, next_due_at)
     VALUES ($1, $2, $3, $4, $5, to_timestamp($6::double precision / 1000), to_timestamp($6::double precision / 1000))
     ON CONFLICT (tenant_id) WHERE finished_at IS NULL DO NOTHING`,
    [
      run.tenantId,
      run.reconciliationId,
      run.cause,
      run.askedBy ?? null,
      run.previousId ?? null,
      run.now,
    ],
  );
}

/** The newest comparison of a tenant. */
export interface LastRun {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly isUnderWay: boolean;
}

/** The newest comparisons of some tenants, by tenant. */
export async function readLastRuns(
  tx: Transaction,
  tenantIds: readonly string[],
): Promise<ReadonlyMap<string, LastRun>> {
  const rows = await tx.query<{
    tenant_id: string;
    reconciliation_id: string;
    started_at: Date;
    finished_at: Date | null;
  }>(
    `SELECT r.* FROM unnest($1::text[]) AS t(tenant_id) CROSS JOIN LATERAL (
       SELECT tenant_id, reconciliation_id, started_at, finished_at FROM lapse.reconciliations
       WHERE tenant_id = t.tenant_id ORDER BY reconciliation_id DESC LIMIT 1) AS r`,
    [tenantIds],
  );
  return new Map(
    rows.map((row) => [
      row.tenant_id,
      {
        id: row.reconciliation_id,
        startedAt: row.started_at.getTime(),
        isUnderWay: row.finished_at === null,
      },
    ]),
  );
}
