import { DomainError } from '../../domain/errors.ts';
import type { FindingKind, FindingState } from '../../domain/reconciliation/finding.ts';
import type { Cause } from '../../domain/reconciliation/schedule.ts';
import type { Database, Reach, Transaction } from '../../platform/db/transaction.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';

/** How many findings stand how in a report. */
export interface Counts {
  readonly new: number;
  readonly open: number;
  readonly solved: number;
}

/** A comparison as it is read. */
export interface RunRow extends Record<string, unknown> {
  readonly reconciliation_id: string;
  readonly cause: Cause;
  readonly asked_by: string | null;
  readonly previous_id: string | null;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly is_complete: boolean | null;
  readonly removals: number;
  readonly failed_removals: number;
  readonly checked: number;
  readonly findings: Counts;
}

/** What a comparison has read of a scope, and found there. */
export interface ScopeRow extends Record<string, unknown> {
  readonly connection: string;
  readonly scope: string;
  readonly state: 'waiting' | 'read' | 'incomplete';
  readonly checked: number;
  readonly message: string | null;
  readonly findings: Counts;
}

/** A comparison with all that it counts. */
export interface Report {
  readonly run: RunRow;
  readonly scopes: readonly ScopeRow[];
  readonly kinds: readonly ({ readonly kind: FindingKind } & Counts)[];
}

/** A finding as a report shows it. */
export interface ReportedFinding {
  readonly standing: keyof Counts;
  readonly finding: FindingState;
}

const COUNTS = `json_build_object(
  'new', count(*) FILTER (WHERE e.standing = 'new'),
  'open', count(*) FILTER (WHERE e.standing = 'open'),
  'solved', count(*) FILTER (WHERE e.standing = 'solved'))`;

const RUNS = `SELECT r.reconciliation_id, r.cause, r.asked_by, r.previous_id, r.started_at, r.finished_at,
    r.is_complete, r.removals, r.failed_removals,
    (SELECT coalesce(sum(s.checked), 0)::int FROM lapse.reconciliation_scopes s
     WHERE s.tenant_id = r.tenant_id AND s.reconciliation_id = r.reconciliation_id) AS checked,
    (SELECT ${COUNTS} FROM lapse.reconciliation_findings e
     WHERE e.tenant_id = r.tenant_id AND e.reconciliation_id = r.reconciliation_id) AS findings
  FROM lapse.reconciliations r`;

const PAGE = 500;

/** Reads reports; of what they found, what the reader is cleared for. */
export class ReconciliationViews {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A page of comparisons, the newest first. */
  list(reach: Reach, page: PageRequest): Promise<IdPage<RunRow>> {
    return this.#db.inTenant(reach, (tx) =>
      readPage(
        'reconciliations',
        page,
        ({ reconciliation_id }: RunRow) => reconciliation_id,
        (after, count) =>
          tx.query<RunRow>(
            `${RUNS} WHERE r.tenant_id = $1 AND ($2::text IS NULL OR r.reconciliation_id < $2)
             ORDER BY r.reconciliation_id DESC LIMIT $3`,
            [reach.tenantId, after ?? null, count],
          ),
      ),
    );
  }

  /** One comparison with its counts; refuses with `not-found`. */
  get(reach: Reach, id: string): Promise<Report> {
    return this.#db.inTenant(reach, (tx) => readReport(tx, reach.tenantId, id));
  }

  /** The findings of a comparison, in the order of their ids, some at a time. */
  async *findings(reach: Reach, id: string): AsyncGenerator<readonly ReportedFinding[], void> {
    for (let after = ''; ; ) {
      const rows = await this.#db.inTenant(reach, (tx) =>
        tx.query<ReportedFinding & { finding_id: string; [column: string]: unknown }>(
          `SELECT e.finding_id, e.standing, f.state AS finding FROM lapse.reconciliation_findings e
           JOIN lapse.findings f ON f.tenant_id = e.tenant_id AND f.finding_id = e.finding_id
           WHERE e.tenant_id = $1 AND e.reconciliation_id = $2 AND e.finding_id > $3
           ORDER BY e.finding_id LIMIT ${PAGE}`,
          [reach.tenantId, id, after],
        ),
      );
      const last = rows.at(-1);
      if (!last) return;
      yield rows;
      after = last.finding_id;
    }
  }
}

/** One comparison with its counts; refuses with `not-found`. */
export async function readReport(tx: Transaction, tenantId: string, id: string): Promise<Report> {
  const place = [tenantId, id];
  const [[run], scopes, kinds] = await Promise.all([
    tx.query<RunRow>(`${RUNS} WHERE r.tenant_id = $1 AND r.reconciliation_id = $2`, place),
    tx.query<ScopeRow>(
      `SELECT s.connection, s.scope, s.state, s.checked, s.message, (
         SELECT ${COUNTS} FROM lapse.reconciliation_findings e
         WHERE e.tenant_id = s.tenant_id AND e.reconciliation_id = s.reconciliation_id
           AND e.connection = s.connection AND e.scope = s.scope) AS findings
       FROM lapse.reconciliation_scopes s
       WHERE s.tenant_id = $1 AND s.reconciliation_id = $2 ORDER BY s.connection, s.scope`,
      place,
    ),
    tx.query<{ kind: FindingKind; counts: Counts }>(
      `SELECT f.kind, ${COUNTS} AS counts FROM lapse.reconciliation_findings e
       JOIN lapse.findings f ON f.tenant_id = e.tenant_id AND f.finding_id = e.finding_id
       WHERE e.tenant_id = $1 AND e.reconciliation_id = $2 GROUP BY 1 ORDER BY 1`,
      place,
    ),
  ]);
  if (!run) throw new DomainError('not-found', `there is no reconciliation ${id}`);
  return { run, scopes, kinds: kinds.map(({ kind, counts }) => ({ kind, ...counts })) };
}
