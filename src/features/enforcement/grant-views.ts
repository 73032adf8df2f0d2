import type { GrantState, GrantStatus } from '../../domain/enforcement/grant.ts';
import type { Step } from '../../domain/enforcement/steps-ahead.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Reach, Transaction } from '../../platform/db/transaction.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { type WorkColumns, workRow } from './claim-grants.ts';
import type { EnforcementParts } from './enforcement-parts.ts';
import { foreseen, overdueSinceOf, readOutlooks } from './grant-outlook.ts';
import { type GrantColumns, grantOf } from './grant-store.ts';

/** Which grants are asked for; each part left out means all. */
export interface GrantFilter {
  readonly exceptionId?: string | undefined;
  readonly statuses?: readonly GrantStatus[] | undefined;
}

/** A grant, and what Lapse does for it next; at most two steps. */
export interface ForeseenGrant {
  readonly state: GrantState;
  /** Since when it should be gone and is not known to be; epoch milliseconds. */
  readonly overdueSince: number | undefined;
  readonly steps: readonly Step[];
}

/** When what is answered of grants holds, in the domain's time; epoch milliseconds. */
interface Dated {
  readonly now: number;
}

/** Reads grants and removal tasks, up to the reader's clearance. */
export class GrantViews {
  readonly #parts: Pick<EnforcementParts, 'db' | 'recordsOf'>;

  constructor(parts: Pick<EnforcementParts, 'db' | 'recordsOf'>) {
    this.#parts = parts;
  }

  /** A page of grants, in the order of their ids. */
  list(
    reach: Reach,
    { exceptionId, statuses }: GrantFilter,
    page: PageRequest,
  ): Promise<IdPage<ForeseenGrant> & Dated> {
    return this.#parts.db.inTenant(reach, async (tx) => ({
      now: await tx.now,
      ...(await readPage(
        'grants',
        page,
        ({ state }: ForeseenGrant) => state.grant_id,
        async (after, count) => {
          const rows = await tx.query<GrantColumns>(
            `SELECT tenant_id, grant_id, version, state FROM lapse.grants
             WHERE tenant_id = $1 AND ($2::text IS NULL OR exception_id = $2)
               AND ($3::text[] IS NULL OR status = ANY ($3)) AND ($4::text IS NULL OR grant_id > $4)
             ORDER BY grant_id LIMIT $5`,
            [reach.tenantId, exceptionId ?? null, statuses ?? null, after ?? null, count],
          );
          return this.#foresee(tx, rows);
        },
      )),
    }));
  }

  /** One grant; refuses with `not-found`. */
  get(reach: Reach, grantId: string): Promise<ForeseenGrant & Dated> {
    return this.#parts.db.inTenant(reach, async (tx) => {
      const [row] = await tx.query<GrantColumns>(
        'SELECT tenant_id, grant_id, version, state FROM lapse.grants WHERE tenant_id = $1 AND grant_id = $2',
        [reach.tenantId, grantId],
      );
      const [found] = row ? await this.#foresee(tx, [row]) : [];
      if (!found) throw new DomainError('not-found', `there is no grant ${grantId}`);
      return { ...found, now: await tx.now };
    });
  }

  /** A page of grants that have a removal task, the oldest task first; the open ones unless told. */
  removalTasks(
    reach: Reach,
    all: boolean,
    page: PageRequest,
  ): Promise<IdPage<ForeseenGrant> & Dated> {
    return this.#parts.db.inTenant(reach, async (tx) => ({
      now: await tx.now,
      ...(await readPage(
        'removal-tasks',
        page,
        ({ state }: ForeseenGrant) => state.task?.task_id ?? '',
        async (after, count) => {
          const rows = await tx.query<GrantColumns>(
            `SELECT tenant_id, grant_id, version, state FROM lapse.grants
             WHERE tenant_id = $1 AND task_id IS NOT NULL AND ($2 OR task_ended_at IS NULL)
               AND ($3::text IS NULL OR task_id > $3)
             ORDER BY task_id LIMIT $4`,
            [reach.tenantId, all, after ?? null, count],
          );
          return this.#foresee(tx, rows);
        },
      )),
    }));
  }

  /** With what is to happen to each, by the records and connections as they stand. */
  async #foresee(tx: Transaction, rows: readonly GrantColumns[]): Promise<ForeseenGrant[]> {
    if (rows.length === 0) return [];
    const [now, works] = await Promise.all([
      tx.now,
      tx.query<WorkColumns & { readonly last_error: string | null; readonly stopped: Date | null }>(
        `SELECT tenant_id, exception_id, grant_id, lane, reads, read_at, last_error,
           quarantined_at AS stopped
         FROM lapse.grant_work WHERE tenant_id = $1 AND grant_id = ANY ($2)`,
        [rows[0]?.tenant_id, rows.map(({ grant_id }) => grant_id)],
      ),
    ]);
    const outlooks = await readOutlooks(tx, this.#parts, works.map(workRow), now);
    const byGrant = new Map(
      works.map((work, index) => [work.grant_id, { work, outlook: outlooks[index] }]),
    );
    return rows.map((row) => {
      const { state } = grantOf(row);
      const { work, outlook } = byGrant.get(row.grant_id) ?? {};
      if (!work || !outlook) return { state, overdueSince: undefined, steps: [] };
      const overdueSince = overdueSinceOf(outlook, state);
      if (!work.stopped) return { state, overdueSince, steps: foreseen(outlook, state, now) };
      const why = `Lapse cannot go on with it: ${work.last_error}`;
      const step: Step = { at: work.stopped.getTime(), does: 'ask-a-person', why };
      return { state, overdueSince, steps: [step] };
    });
  }
}
