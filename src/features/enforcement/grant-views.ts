import type { GrantState, GrantStatus } from '../../domain/enforcement/grant.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Database, Reach } from '../../platform/db/transaction.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { type GrantColumns, grantOf } from './grant-store.ts';

/** Which grants are asked for; each part left out means all. */
export interface GrantFilter {
  readonly exceptionId?: string | undefined;
  readonly statuses?: readonly GrantStatus[] | undefined;
}

/** Reads grants and removal tasks, up to the reader's clearance. */
export class GrantViews {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A page of grants, in the order of their ids. */
  list(
    reach: Reach,
    { exceptionId, statuses }: GrantFilter,
    page: PageRequest,
  ): Promise<IdPage<GrantState>> {
    return this.#db.inTenant(reach, (tx) =>
      readPage(
        'grants',
        page,
        ({ grant_id }: GrantState) => grant_id,
        async (after, count) => {
          const rows = await tx.query<GrantColumns>(
            `SELECT tenant_id, grant_id, version, state FROM lapse.grants
             WHERE tenant_id = $1 AND ($2::text IS NULL OR exception_id = $2)
               AND ($3::text[] IS NULL OR status = ANY ($3)) AND ($4::text IS NULL OR grant_id > $4)
             ORDER BY grant_id LIMIT $5`,
            [reach.tenantId, exceptionId ?? null, statuses ?? null, after ?? null, count],
          );
          return rows.map((row) => grantOf(row).state);
        },
      ),
    );
  }

  /** One grant; refuses with `not-found`. */
  get(reach: Reach, grantId: string): Promise<GrantState> {
    return this.#db.inTenant(reach, async (tx) => {
      const [row] = await tx.query<GrantColumns>(
        'SELECT tenant_id, grant_id, version, state FROM lapse.grants WHERE tenant_id = $1 AND grant_id = $2',
        [reach.tenantId, grantId],
      );
      if (!row) throw new DomainError('not-found', `there is no grant ${grantId}`);
      return row.state;
    });
  }

  /** A page of grants that have a removal task, the oldest task first; the open ones unless told. */
  removalTasks(reach: Reach, all: boolean, page: PageRequest): Promise<IdPage<GrantState>> {
    return this.#db.inTenant(reach, (tx) =>
      readPage(
        'removal-tasks',
        page,
        ({ task }: GrantState) => task?.task_id ?? '',
        async (after, count) => {
          const rows = await tx.query<GrantColumns>(
            `SELECT tenant_id, grant_id, version, state FROM lapse.grants
             WHERE tenant_id = $1 AND task_id IS NOT NULL AND ($2 OR task_ended_at IS NULL)
               AND ($3::text IS NULL OR task_id > $3)
             ORDER BY task_id LIMIT $4`,
            [reach.tenantId, all, after ?? null, count],
          );
          return rows.map((row) => grantOf(row).state);
        },
      ),
    );
  }
}
