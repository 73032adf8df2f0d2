import { expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Status } from '../../domain/exception/status.ts';
import { formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import { sqlBuilder, type Tables } from '../../platform/db/query-builder.ts';
import type { Cursor } from '../../platform/http/cursor.ts';
import { type ExceptionFilter, fieldConditions, filterStatuses } from './exception-filter.ts';
import { GATHERED, searchConditionOfEach, searchFindings } from './exception-search.ts';
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

/**
 * What the records of a list are gathered by before they are put in order: a narrow filter, a search,
 * the ends of a span of time.
 */
export type Gathering = 'narrow' | 'search' | 'ends';

/** Which records a list holds, and by what they are gathered (`gatheringOf`), if they are. */
export interface ListSelection {
  readonly tenantId: string;
  readonly filter: ExceptionFilter;
  readonly now: Instant;
  readonly gathering: Gathering | undefined;
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

/** What every row of a gathered page has; one row without a record where there is none. */
export type GatheredRow<Row> = ((PageRow & Row) | { readonly exception_id: null }) & {
  /** How many records the list holds. */
  readonly total: number;
  /** A search has found so many that nothing was gathered; `total` and the page are empty. */
  readonly too_many: boolean;
};

/**
 * The query of a page that walks the register, with one row more than the page, which tells whether
 * there is another. What is on the page is found first, from indexes where that can be, and only then
 * read.
 */
export function pageQuery<Row>(selection: ListSelection, order: ListOrder, read: PageColumns) {
  const by = sql.ref(order.sort);
  const from = order.after ? sql`AND ${isAfter(by, order, order.after)}` : sql``;
  // OFFSET 0, so that what is gathered is not walked all the same.
  const parts = selectionParts(selection, (statuses) => statuses.map((each) => [each])).map(
    ({ condition, gathered }) => sql`(
      SELECT exception_id, ${by} AS position FROM lapse.exceptions
      WHERE ${condition} ${from} ${gathered ? sql`OFFSET 0` : firstOf(by, order)})`,
  );
  return sql<PageRow & Row>`
    ${pageOf(sql`(${union(parts)})`, selection, order, read)}
    ORDER BY ${inOrder(sql.ref('page.position'), order)}`.compile(sqlBuilder);
}

/**
 * The query of a page that gathers all that the list holds and puts it in order, counted by the way: a
 * search, or whom a record concerns, is looked up once.
 */
export function gatheredQuery<Row>(selection: ListSelection, order: ListOrder, read: PageColumns) {
  const { gathering, filter } = selection;
  const by = sql.ref(order.sort);
  const parts = selectionParts(selection, (statuses) => [statuses]).map(
    ({ condition }) =>
      sql`SELECT exception_id, ${by} AS position FROM lapse.exceptions WHERE ${condition}`,
  );
  const isSearch = gathering === 'search' && filter.q !== undefined;
  const findings = isSearch
    ? sql`findings AS MATERIALIZED (SELECT * FROM ${searchFindings(filter.q, GATHERED + 1)} AS f), `
    : sql``;
  const position = sql.ref('position');
  const from = order.after ? sql`WHERE ${isAfter(position, order, order.after)}` : sql``;
  const first = sql`(SELECT * FROM gathered ${from} ${firstOf(position, order)})`;
  return sql<GatheredRow<Row>>`
    WITH ${findings} gathered AS MATERIALIZED (${union(parts)})
    SELECT counted.*, page.* FROM (
      SELECT count(*)::int AS total, ${isSearch ? TOO_MANY : sql`false`} AS too_many FROM gathered
    ) AS counted LEFT JOIN (${pageOf(first, selection, order, read)}) AS page ON true
    ORDER BY ${inOrder(sql.ref('page.position'), order)}`.compile(sqlBuilder);
}

/** The query of how many records a list that walks the register holds, up to a limit if there is one. */
export function countQuery(selection: ListSelection, limit?: number) {
  const { filter } = selection;
  const upTo = limit === undefined ? sql`` : sql`LIMIT ${sql.lit(limit)}`;
  const counted = isSearchAlone(filter)
    ? searchFindings(filter.q, limit)
    : sql`(${union(
        selectionParts(selection, (statuses) => [statuses]).map(
          ({ condition }) => sql`SELECT FROM lapse.exceptions WHERE ${condition}`,
        ),
      )} ${upTo})`;
  return sql<{ total: number }>`SELECT count(*)::int AS total FROM ${counted} AS counted`.compile(
    sqlBuilder,
  );
}

/** Whether a filter says nothing but what to search for. */
export function isSearchAlone(filter: ExceptionFilter): filter is { readonly q: string } {
  const { q, ...others } = filter;
  return q !== undefined && Object.values(others).every((each) => each === undefined);
}

const TOO_MANY = sql`(SELECT count(*) FROM findings) > ${sql.lit(GATHERED)}`;

/** The records of a page, from all that may be on it. */
function pageOf(
  from: RawBuilder<unknown>,
  { tenantId }: ListSelection,
  order: ListOrder,
  { columns, joins }: PageColumns,
) {
  // To the microsecond and as text, so that a cursor names a place exactly; 'infinity' included.
  return sql`
    SELECT page.exception_id, page.position, page.position::text AS place, ${columns}
    FROM (SELECT * FROM ${from} AS parts ${firstOf(sql.ref('position'), order)}) AS page
    JOIN lapse.exceptions AS e ON e.tenant_id = ${tenantId} AND e.exception_id = page.exception_id
    ${joins}`;
}

function firstOf(by: RawBuilder<unknown>, order: ListOrder) {
  return sql`ORDER BY ${inOrder(by, order)} LIMIT ${sql.lit(order.limit + 1)}`;
}

function inOrder(by: RawBuilder<unknown>, { descending }: ListOrder) {
  const direction = sql.raw(descending ? 'DESC' : 'ASC');
  return sql`${by} ${direction}, exception_id ${direction}`;
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
  { tenantId, filter, now, gathering }: ListSelection,
  group: (statuses: readonly Status[]) => readonly (readonly Status[])[],
): Part[] {
  const eb = expressionBuilder<Tables, 'exceptions'>();
  const at = formatInstant(now);
  const statuses = filterStatuses(filter);
  const gathered = gathering !== undefined;
  const rest = [eb('tenant_id', '=', tenantId), ...fieldConditions(eb, filter, now)];
  if (filter.q !== undefined) rest.push(...searchConditions(filter.q, gathering));
  if (!statuses) return [{ condition: eb.and(rest), gathered }];
  if (statuses.length === 0) return [{ condition: sql<SqlBool>`false`, gathered }];
  if (gathering === 'narrow' || gathering === 'search')
    return [{ condition: eb.and([...rest, anyStatusAt(eb, statuses, at)]), gathered }];
  // Written out, the words let the planner see which partial index has the rows.
  const stored = (some: readonly Status[]) => {
    const names = some.map((each) => sql.lit(each));
    return eb.and([...rest, eb('status', 'in', names), eb('due_at', '>', at)]);
  };
  const late = eb.and([...rest, isLate(tenantId, at), anyStatusAt(eb, statuses, at)]);
  return [
    ...group(statuses).map((some) => ({ condition: stored(some), gathered })),
    { condition: late, gathered: true },
  ];
}

/** What a search says of a record: that it is among the findings, if these are gathered. */
function searchConditions(text: string, gathering: Gathering | undefined): Condition[] {
  if (gathering !== 'search') return [searchConditionOfEach(text)];
  return [
    sql<SqlBool>`exception_id IN (SELECT exception_id FROM findings)`,
    sql<SqlBool>`NOT (${TOO_MANY})`,
  ];
}

/** After a cursor's place in the order. */
function isAfter(
  by: RawBuilder<unknown>,
  { sort, descending }: ListOrder,
  { position, id }: Cursor,
) {
  const type = sql.raw(sort === 'title' ? 'text' : 'timestamptz');
  const comparison = sql.raw(descending ? '<' : '>');
  return sql`(${by}, exception_id) ${comparison} (${position}::${type}, ${id})`;
}

function union(parts: readonly RawBuilder<unknown>[]) {
  return sql.join(parts, sql` UNION ALL `);
}
