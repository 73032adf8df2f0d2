import { sql } from 'kysely';
import { DomainError } from '../../domain/errors.ts';
import { awaitedDecision } from '../../domain/exception/awaited-approvals.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import {
  type SuggestedApprovers,
  suggestApprovers,
} from '../../domain/exception/suggested-approvers.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import { type RecordedEvent, readStream } from '../../journal/read-stream.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Database, Reach, Transaction } from '../../platform/db/transaction.ts';
import { decodeCursor, encodeCursor } from '../../platform/http/cursor.ts';
import type { ExceptionFilter } from './exception-filter.ts';
import {
  countQuery,
  gatheredQuery,
  isSearchAlone,
  type ListOrder,
  type ListSelection,
  type PageColumns,
  type PageRow,
  pageQuery,
  type SortColumn,
} from './exception-list-query.ts';
import { type StateColumns, stateNow, stateOf } from './exception-row.ts';
import { exceptionStream } from './exception-store.ts';
import {
  type ExceptionSummary,
  type SummaryRow,
  summaryColumns,
  summaryOfRow,
} from './exception-summary.ts';
import { gatheringOf } from './list-gathering.ts';
import { isSortPosition } from './sort-position.ts';
import { type PeopleOf, policyOf, type TenantPolicies } from './tenant-policies.ts';

/** A page of a list. `total` is exact up to 1,000 unless an exact count was asked for. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
  readonly total: number;
  readonly total_is_minimum: boolean;
  readonly now: number;
}

/** A record as it stands at the time of the read. */
export interface ListedState {
  readonly version: number;
  readonly state: ExceptionState;
}

type WholeRow = StateColumns & { readonly version: number };

/** {@link WholeRow}, of `e`. */
export function wholeColumns(): PageColumns {
  return { columns: sql`e.version, e.fields, e.state`, joins: sql`` };
}

/** How a list is asked for. */
export interface ListRequest {
  readonly filter: ExceptionFilter;
  readonly sort: SortColumn;
  readonly descending: boolean;
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly exactCount: boolean;
}

/** Counting stops here, so that the first page of a million costs what the first of a thousand does. */
const COUNTED = 1_000;

/**
 * The first five times on each connection PostgreSQL would plan a list anew, and then again whenever it
 * takes that for cheaper. It takes several times as long as to run it.
 */
const KEPT_PLANS = 'SET LOCAL plan_cache_mode = force_generic_plan';

/** Read models of the register, each as it stands at the domain's time of the read. */
export class ExceptionViews {
  readonly #db: Database;
  readonly #policies: TenantPolicies;
  readonly #peopleOf: PeopleOf;

  constructor(db: Database, policies: TenantPolicies, peopleOf: PeopleOf = nobody) {
    this.#db = db;
    this.#policies = policies;
    this.#peopleOf = peopleOf;
  }

  /** One record, with who can fill what it waits for; refuses with `not-found` for an id that is not within reach. */
  get(
    reach: Reach,
    id: string,
  ): Promise<{
    version: number;
    state: ExceptionState;
    now: number;
    suggested: SuggestedApprovers[];
  }> {
    const { tenantId } = reach;
    return this.#db.inTenant(reach, async (tx) => {
      const [[row], policy, now] = await Promise.all([
        tx.query<{ version: number } & StateColumns>(
          'SELECT version, fields, state FROM lapse.exceptions WHERE tenant_id = $1 AND exception_id = $2',
          [tenantId, id],
        ),
        policyOf(this.#policies, tx, tenantId),
        tx.now,
      ]);
      if (!row) throw new DomainError('not-found', `there is no exception ${id}`);
      const state = stateNow(stateOf(row), now, policy);
      // Who can approve is read for what waits for it alone, and never for lists.
      const people = awaitedDecision(state) && (await this.#peopleOf(tx, tenantId, now));
      const suggested = people ? suggestApprovers(state, { now, policy, people }) : [];
      return { version: row.version, state, now, suggested };
    });
  }

  /** The record's events with actor, time and ledger index, oldest first. */
  history(reach: Reach, id: string): Promise<RecordedEvent[]> {
    const { tenantId } = reach;
    return this.#db.inTenant(reach, async (tx) => {
      const events = await readStream(tx, tenantId, exceptionStream.type, id);
      if (events.length === 0) throw new DomainError('not-found', `there is no exception ${id}`);
      return events;
    });
  }

  /** A page of whole records. */
  list(reach: Reach, request: ListRequest): Promise<Page<ListedState>> {
    return this.#page<WholeRow, ListedState>(reach, request, wholeColumns, (row, now, policy) => ({
      version: row.version,
      state: stateNow(stateOf(row), now, policy),
    }));
  }

  /** The same page with each record in short: a sixth of the bytes, and of the work. */
  summaries(reach: Reach, request: ListRequest): Promise<Page<ExceptionSummary>> {
    return this.#page<SummaryRow, ExceptionSummary>(reach, request, summaryColumns, summaryOfRow);
  }

  #page<Row, Item>(
    reach: Reach,
    request: ListRequest,
    columnsAt: (now: Instant) => PageColumns,
    toItem: (row: Row & PageRow, now: Instant, policy: Policy) => Item,
  ): Promise<Page<Item>> {
    const { tenantId } = reach;
    return this.#db.inTenant(reach, async (tx) => {
      const { filter, sort, descending, limit, exactCount } = request;
      const [gathering] = await Promise.all([
        gatheringOf(tx, tenantId, filter, sort, tx.now),
        tx.query(KEPT_PLANS),
      ]);
      const now = await tx.now;
      const selection = { tenantId, filter, now, gathering };
      const after =
        request.cursor === undefined
          ? undefined
          : decodeCursor(request.cursor, sort, (position) => isSortPosition(sort, position));
      const order = { sort, descending, limit, after };
      const [{ rows, counted }, policy] = await Promise.all([
        readList<Row>(tx, selection, order, columnsAt(now), exactCount),
        policyOf(this.#policies, tx, tenantId),
      ]);
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const over = !exactCount && counted > COUNTED;
      return {
        items: items.map((row) => toItem(row, now, policy)),
        next_cursor:
          rows.length > limit && last ? encodeCursor(sort, last.place, last.exception_id) : null,
        total: over ? COUNTED : counted,
        total_is_minimum: over,
        now,
      };
    });
  }
}

/** The rows of a page and one more, and how many the list holds, counted up to a limit unless exactly. */
async function readList<Row>(
  tx: Transaction,
  selection: ListSelection,
  order: ListOrder,
  read: PageColumns,
  exactCount: boolean,
): Promise<{ rows: readonly (PageRow & Row)[]; counted: number }> {
  if (selection.gathering) {
    const gathered = await tx.execute(gatheredQuery<Row>(selection, order, read));
    const [first] = gathered;
    if (first && !first.too_many)
      return { rows: gathered.filter((row) => row.exception_id !== null), counted: first.total };
  }
  const walked = { ...selection, gathering: undefined };
  // A search that was to be gathered has found more than are counted.
  const isCounted = selection.gathering && isSearchAlone(selection.filter) && !exactCount;
  const [rows, counts] = await Promise.all([
    tx.execute(pageQuery<Row>(walked, order, read)),
    isCounted
      ? [{ total: COUNTED + 1 }]
      : tx.execute(countQuery(walked, exactCount ? undefined : COUNTED + 1)),
  ]);
  return { rows, counted: counts[0]?.total ?? 0 };
}

/** Where nobody asks for suggestions. */
const nobody: PeopleOf = async () => ({ approvers: [], delegations: [] });

/** A record as it was at one of its versions, folded from its events: for answers that are repeated. */
export async function stateAtVersion(
  tx: Transaction,
  tenantId: string,
  id: string,
  version: number,
): Promise<StreamState<ExceptionState>> {
  const events = await readStream(tx, tenantId, exceptionStream.type, id, version);
  let state: ExceptionState | undefined;
  for (const recorded of events) {
    const event = exceptionStream.upcast(recorded.type, recorded.event_version, recorded.data);
    state = exceptionStream.evolve(state, event, {
      tenantId,
      streamId: id,
      at: recorded.at,
      actor: recorded.actor,
    });
  }
  if (!state) throw new DomainError('not-found', `there is no exception ${id}`);
  return { tenantId, id, version, state };
}

/** An event as people read it in a history. */
export function historyEntry({ data, at, actor, ...event }: RecordedEvent) {
  return { ...event, at: formatInstant(at), actor, data };
}
