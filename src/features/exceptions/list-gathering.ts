import { DAY, formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type ExceptionFilter, isNarrow } from './exception-filter.ts';
import type { Gathering, SortColumn } from './exception-list-query.ts';
import { GATHERED, reckonFindings } from './exception-search.ts';

/** So many where an index has all that is asked of them. */
const GATHERED_FROM_INDEX = 50_000;

/**
 * By what a list gathers all that its filter lets through, to put it in order; `undefined` where it walks
 * the register in order until a page is full. Walking suits what lets many through, gathering what lets
 * few through, and PostgreSQL guesses wrongly which it is where neighbours in the order are alike: what
 * is recent is what is open and what ends late. How many there are it reckons well, and in no time.
 */
export async function gatheringOf(
  tx: Transaction,
  tenantId: string,
  filter: ExceptionFilter,
  sort: SortColumn,
  now: Promise<Instant>,
): Promise<Gathering | undefined> {
  if (isNarrow(filter)) return 'narrow';
  const { q } = filter;
  if (q !== undefined && (await reckonFindings(tx, q)) <= GATHERED) return 'search';
  const { expires_before, expires_after, expiring_within } = filter;
  const isSpan = [expires_before, expires_after, expiring_within].some(
    (each) => each !== undefined,
  );
  if (!isSpan || sort === 'expires_at') return undefined;
  // Of what ends soon an index has the titles too.
  const isLookedUp = q !== undefined || (sort === 'title' && expiring_within === undefined);
  const limit = isLookedUp ? GATHERED : GATHERED_FROM_INDEX;
  return (await reckonEnds(tx, tenantId, filter, await now)) <= limit ? 'ends' : undefined;
}

/** About how many records end in the span of time that a filter names. */
async function reckonEnds(
  tx: Transaction,
  tenantId: string,
  { expires_before, expires_after, expiring_within: days }: ExceptionFilter,
  now: Instant,
): Promise<number> {
  const before = days === undefined ? expires_before : now + days * DAY + 1;
  const after = days === undefined ? expires_after : now;
  const until = before === undefined ? 'infinity' : formatInstant(before);
  const from = after === undefined ? '-infinity' : formatInstant(after);
  const [row] = await tx.query<{ 'QUERY PLAN': readonly [{ Plan: { 'Plan Rows': number } }] }>(
    `EXPLAIN (FORMAT JSON) SELECT FROM lapse.exceptions
     WHERE tenant_id = $1 AND expires_at > $2 AND expires_at < $3`,
    [tenantId, from, until],
  );
  return row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0;
}
