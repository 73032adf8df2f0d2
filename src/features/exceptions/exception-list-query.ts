import { expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Status } from '../../domain/exception/status.ts';
import { formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import { sqlBuilder, type Tables } from '../../platform/db/query-builder.ts';
import type { Cursor } from '../../platform/http/cursor.ts';
import {
  type ExceptionFilter,
  fieldConditions,
  filterStatuses,
  isNarrow,
} from './exception-filter.ts';
import { searchCondition, searchFindings } from './exception-search.ts';
import { anyStatusAt, type Condition, isLate } from './exception-status.ts';

/** What a list may be sorted by; a leading `-` turns it round. */
export const SORTS = ['expires_at', 'created_at', 'updated_at', 'title'] as const;
export type SortColumn = (typeof SORTS)[number];

/** In what order a list is read, and from where on. */
export interface ListOrder {
  readonly sort: SortColumn;
  readonly descending: boolean;
  readonly limit: number;
  readonly after: Cursor | undefined;
}

/** Which records a list holds, and whether they are `gathered` (`isGathered`). */
export interface ListSelection {
  readonly tenantId: string;
  readonly filter: ExceptionFilter;
  readonly now: Instant;
  readonly gathered: boolean;
}

/** What of each record a page reads: columns of `e`, and what is joined to it for them. */
export interface PageColumns {
  readonly columns: RawBuilder<unknown>;
  readonly joins: RawBuilder<unknown>;
}

/** What every row of a page has. */
export interface PageRow {
  readonly exception_id: string;
  /** The sort value as a cursor names it. */
  readonly place: string;
}

/**
 * The query of a page, with one row more than the page, which tells whether there is another. What is
 * on the page is found first, from indexes where that can be, and only then read.
 */
export function pageQuery<Row>(selection: ListSelection, order: ListOrder, read: PageColumns) {
  const { sort, after } = order;
  const direction = sql.raw(order.descending ? 'DESC' : 'ASC');
  const limit = sql.lit(order.limit + 1);
  const by = sql.ref(sort);
  const from = after ? sql`AND ${isAfter(order, after)}` : sql``;
  const walked = sql`ORDER BY ${by} ${direction}, exception_id ${direction} LIMIT ${limit}`;
  const search = pageSearch(selection);
  // OFFSET 0, so that what is gathered is not walked all the same.
  const parts = selectionParts(selection, search, (statuses) => statuses.map((each) => [each])).map(
    ({ condition, gathered }) => sql`(
      SELECT tenant_id, exception_id, ${by} AS position FROM lapse.exceptions
      WHERE ${condition} ${from} ${gathered ? sql`OFFSET 0` : walked})`,
  );
  const inOrder = sql`ORDER BY position ${direction}, exception_id ${direction}`;
  // To the microsecond and as text, so that a cursor names a place exactly; 'infinity' included.
  return sql<PageRow & Row>`
    SELECT page.exception_id, page.position::text AS place, ${read.columns}
    FROM (SELECT * FROM (${union(parts)}) AS parts ${inOrder} LIMIT ${limit}) AS page
    JOIN lapse.exceptions AS e USING (tenant_id, exception_id) ${read.joins}
    ${inOrder}`.compile(sqlBuilder);
}

/** The query of how many records a list holds, counted up to a limit if there is one. */
export function countQuery(selection: ListSelection, limit?: number) {
  const { q } = selection.filter;
  // What a search finds is followed one by one, so that counting ends with its limit.
  const found = q === undefined ? sql`` : sql`${searchFindings(q)} AS found NATURAL JOIN`;
  const parts = selectionParts(selection, [], (statuses) => [statuses]).map(
    ({ condition }) => sql`SELECT FROM ${found} lapse.exceptions WHERE ${condition}`,
  );
  const upTo = limit === undefined ? sql`` : sql`LIMIT ${sql.lit(limit)}`;
  return sql<{ total: number }>`SELECT count(*)::int AS total
    FROM (${union(parts)} ${upTo}) AS parts`.compile(sqlBuilder);
}

function pageSearch({ filter, gathered }: ListSelection): Condition[] {
  if (filter.q === undefined) return [];
  return [searchCondition(filter.q, !gathered || isNarrow(filter))];
}

/** Some of the records of a list, and whether they are gathered and then put in order, or walked in it. */
interface Part {
  readonly condition: Condition;
  readonly gathered: boolean;
}

/**
 * A selection in parts of which each record is in one at most. Where it goes by status, each group of
 * stored statuses is a part by itself, which an index has, and so are the records that time has moved
 * on and no sweep has come to: few, and anywhere in the order.
 */
function selectionParts(
  { tenantId, filter, now, gathered }: ListSelection,
  search: readonly Condition[],
  group: (statuses: readonly Status[]) => readonly (readonly Status[])[],
): Part[] {
  const eb = expressionBuilder<Tables, 'exceptions'>();
  const at = formatInstant(now);
  const statuses = filterStatuses(filter);
  const rest = [eb('tenant_id', '=', tenantId), ...fieldConditions(eb, filter, now), ...search];
  if (!statuses) return [{ condition: eb.and(rest), gathered }];
  if (statuses.length === 0) return [{ condition: sql<SqlBool>`false`, gathered }];
  if (gathered) return [{ condition: eb.and([...rest, anyStatusAt(eb, statuses, at)]), gathered }];
  // Written out, the words let the planner see which partial index has the rows.
  const stored = (some: readonly Status[]) => {
    const names = some.map((each) => sql.lit(each));
    return eb.and([...rest, eb('status', 'in', names), eb('due_at', '>', at)]);
  };
  const late = eb.and([...rest, isLate(tenantId, at), anyStatusAt(eb, statuses, at)]);
  return [
    ...group(statuses).map((some) => ({ condition: stored(some), gathered: false })),
    { condition: late, gathered: true },
  ];
}

/** After a cursor's place in the order. */
function isAfter({ sort, descending }: ListOrder, { position, id }: Cursor) {
  const type = sql.raw(sort === 'title' ? 'text' : 'timestamptz');
  const comparison = sql.raw(descending ? '<' : '>');
  return sql`(${sql.ref(sort)}, exception_id) ${comparison} (${position}::${type}, ${id})`;
}

function union(parts: readonly RawBuilder<unknown>[]) {
  return sql.join(parts, sql` UNION ALL `);
}
