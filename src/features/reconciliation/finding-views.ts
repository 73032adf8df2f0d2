import { DomainError } from '../../domain/errors.ts';
import type {
  FindingKind,
  FindingState,
  FindingStatus,
} from '../../domain/reconciliation/finding.ts';
import type { Database, Reach } from '../../platform/db/transaction.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { FINDING_COLUMNS, type FindingColumns } from './finding-store.ts';

/** Which findings are asked for; each part left out means all. */
export interface FindingFilter {
  readonly states?: readonly FindingStatus[] | undefined;
  readonly kinds?: readonly FindingKind[] | undefined;
  readonly exceptionId?: string | undefined;
}

/** Reads findings, up to the reader's clearance. */
export class FindingViews {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A page of findings, the oldest first. */
  list(
    reach: Reach,
    { states, kinds, exceptionId }: FindingFilter,
    page: PageRequest,
  ): Promise<IdPage<FindingState>> {
    return this.#db.inTenant(reach, (tx) =>
      readPage(
        'findings',
        page,
        ({ finding_id }: FindingState) => finding_id,
        async (after, count) => {
          const rows = await tx.query<FindingColumns>(
            `SELECT ${FINDING_COLUMNS} FROM lapse.findings f
             WHERE f.tenant_id = $1 AND ($2::text[] IS NULL OR f.status = ANY ($2))
               AND ($3::text[] IS NULL OR f.kind = ANY ($3)) AND ($4::text IS NULL OR f.exception_id = $4)
               AND ($5::text IS NULL OR f.finding_id > $5)
             ORDER BY f.finding_id LIMIT $6`,
            [
              reach.tenantId,
              states ?? null,
              kinds ?? null,
              exceptionId ?? null,
              after ?? null,
              count,
            ],
          );
          return rows.map(({ state }) => state);
        },
      ),
    );
  }

  /** One finding; refuses with `not-found`. */
  get(reach: Reach, findingId: string): Promise<FindingState> {
    return this.#db.inTenant(reach, async (tx) => {
      const [row] = await tx.query<FindingColumns>(
        `SELECT ${FINDING_COLUMNS} FROM lapse.findings f WHERE f.tenant_id = $1 AND f.finding_id = $2`,
        [reach.tenantId, findingId],
      );
      if (!row) throw new DomainError('not-found', `there is no finding ${findingId}`);
      return row.state;
    });
  }
}
