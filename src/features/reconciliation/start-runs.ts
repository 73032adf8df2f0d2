import { CLOCK } from '../../domain/access/actor.ts';
import { addText } from '../../domain/policy/evaluate.ts';
import { decideSchedule, isReviewDue } from '../../domain/reconciliation/schedule.ts';
import { scopesOf } from '../../domain/reconciliation/scopes.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { ReconciliationParts } from './reconciliation-parts.ts';
import { insertRun, readLastRuns } from './run-store.ts';

const AT_ONCE = 50;

interface DueTenant extends Record<string, unknown> {
  readonly tenant_id: string;
  readonly after_outage: boolean;
}

/**
 * Begins comparisons whose time has come, and asks people for what no connection reaches; answers how
 * many tenants were due. Every tenant has a row of the schedule: one that is lost is made again.
 */
export async function startDueRuns(tx: Transaction, parts: ReconciliationParts): Promise<number> {
  const now = await tx.now;
  const due = await dueTenants(tx, now);
  if (due.length === 0) return 0;
  const tenantIds = due.map(({ tenant_id }) => tenant_id);
  const [policyFor, connections, lastRuns] = await Promise.all([
    parts.policiesOf(tx, tenantIds),
    parts.connectionsOf(tx, tenantIds),
    readLastRuns(tx, tenantIds),
  ]);
  for (const { tenant_id: tenantId, after_outage } of due) {
    const { every } = policyFor(tenantId).reconciliation;
    const last = lastRuns.get(tenantId);
    const decided = decideSchedule({
      now,
      addEvery: (from) => addText(from, every),
      lastBegan: last?.startedAt,
      isUnderWay: last?.isUnderWay ?? false,
      hasConnection: connections.some((one) => one.tenantId === tenantId && one.state.active),
      isAfterOutage: after_outage,
    });
    if (decided.start) {
      const run = { tenantId, cause: decided.start, previousId: last?.id };
      insertRun(tx, { ...run, reconciliationId: `RCN_${parts.newId()}`, now });
    }
    tx.atCommit(
      `UPDATE lapse.reconciliation_schedule SET next_due_at = to_timestamp($2::double precision / 1000),
         after_outage = after_outage AND NOT $3 WHERE tenant_id = $1`,
      [tenantId, decided.askAgainAt, decided.start !== undefined],
    );
    await askForReview(tx, parts, tenantId, now);
  }
  return due.length;
}

async function dueTenants(tx: Transaction, now: number): Promise<DueTenant[]> {
  await tx.query(
    `INSERT INTO lapse.reconciliation_schedule (tenant_id, next_due_at)
     SELECT t.tenant_id, to_timestamp($1::double precision / 1000) FROM lapse.tenants t
     WHERE NOT EXISTS (SELECT FROM lapse.reconciliation_schedule s WHERE s.tenant_id = t.tenant_id)
       AND NOT EXISTS (SELECT FROM lapse.tenant_standings d
         WHERE d.subject_id = t.tenant_id AND d.deletion IN ('begun', 'done'))
     ON CONFLICT DO NOTHING`,
    [now],
  );
  return tx.query<DueTenant>(
    `SELECT tenant_id, after_outage FROM lapse.reconciliation_schedule
     WHERE next_due_at <= to_timestamp($1::double precision / 1000)
     ORDER BY next_due_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
    [now],
  );
}

const REVIEW = 'unreached-review';

/**
 * A task a month for what no connection reaches (002, Azure Defender: reviewed by hand). It tells how
 * much of what there is, and of no record: whoever reads tasks may not be cleared for each.
 */
async function askForReview(
  tx: Transaction,
  { grants, newId }: ReconciliationParts,
  tenantId: string,
  now: number,
): Promise<void> {
  const [unreached, [last]] = await Promise.all([
    grants.unreached(tx, tenantId),
    tx.query<{ opened_at: Date; is_open: boolean }>(
      `SELECT opened_at, resolved_at IS NULL AS is_open FROM lapse.tasks
       WHERE tenant_id = $1 AND kind = $2 ORDER BY opened_at DESC LIMIT 1`,
      [tenantId, REVIEW],
    ),
  ]);
  const at = formatInstant(now);
  if (unreached.length === 0) {
    if (last?.is_open)
      tx.atCommit(
        `UPDATE lapse.tasks SET resolved_at = $3, resolved_by = $4
         WHERE tenant_id = $1 AND kind = $2 AND resolved_at IS NULL`,
        [tenantId, REVIEW, at, CLOCK.id],
      );
    return;
  }
  if (last?.is_open || !isReviewDue(last?.opened_at.getTime(), now)) return;
  const counts = unreached.map(({ kind, count }) => `${count} of the kind ${kind}`).join(', ');
  const detail = `for platform: no connection reaches these grants of open exceptions, so that nothing compares them: ${counts}; look whether each is as it was approved, then resolve this task`;
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, $3, 'tenant', $1, $4, $5) ON CONFLICT DO NOTHING`,
    [tenantId, `task_${newId()}`, REVIEW, detail.slice(0, 2_000), at],
  );
}

/** Finds out what comparisons that have begun are to list; answers how many there were. */
export async function planRuns(tx: Transaction, parts: ReconciliationParts): Promise<number> {
  const now = await tx.now;
  const runs = await tx.query<{ tenant_id: string; reconciliation_id: string }>(
    `SELECT tenant_id, reconciliation_id FROM lapse.reconciliations
     WHERE finished_at IS NULL AND planned_at IS NULL LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
  );
  for (const { tenant_id: tenantId, reconciliation_id: reconciliationId } of runs) {
    const [connections, places] = await Promise.all([
      parts.connectionsOf(tx, [tenantId]),
      parts.grants.places(tx, tenantId),
    ]);
    const rows = connections
      .filter(({ state }) => state.active)
      .flatMap(({ state: { name, settings } }) =>
        scopesOf(settings, places).map((scope) => ({ connection: name, ...scope })),
      );
    tx.atCommit(
      `WITH planned AS (
         UPDATE lapse.reconciliations SET planned_at = to_timestamp($3::double precision / 1000)
         WHERE tenant_id = $1 AND reconciliation_id = $2)
       INSERT INTO lapse.reconciliation_scopes
         (tenant_id, reconciliation_id, connection, scope, kinds, state, next_due_at)
       SELECT $1, $2, connection, scope, kinds, 'waiting', to_timestamp($3::double precision / 1000)
       FROM json_to_recordset($4::json) AS r(connection text, scope text, kinds text[])
       ON CONFLICT DO NOTHING`,
      [tenantId, reconciliationId, now, JSON.stringify(rows)],
    );
  }
  return runs.length;
}
