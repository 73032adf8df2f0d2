import { sql } from 'kysely';
import { DAY, formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import { sqlBuilder } from '../../platform/db/query-builder.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type ExceptionFilter, isNarrow } from './exception-filter.ts';
import type { SortColumn } from './exception-list-query.ts';
import { findsMany } from './exception-search.ts';

/** So many ends are read from their index, and put in another order, faster than a list is walked. */
const GATHERED_ENDS = 50_000;

/**
 * Whether a list gathers all that its filter lets through and puts it in order, or walks the register in
 * order until a page is full. Walking suits what lets many through, gathering what lets few through, and
 * PostgreSQL guesses wrongly which it is where neighbours in the order are alike: what is recent is what
 * is open and what ends late.
 */
export async function isGathered(
  tx: Transaction,
  tenantId: string,
  filter: ExceptionFilter,
  sort: SortColumn,
  now: Promise<Instant>,
): Promise<boolean> {
  if (isNarrow(filter)) return true;
  if (filter.q !== undefined && !(await findsMany(tx, filter.q))) return true;
  if (sort === 'expires_at') return false;
  // What ends soon is a small part of what is in force, and lies anywhere in every other order.
  if (filter.expiring_within !== undefined) return endsAreFew(tx, tenantId, filter, now);
  // By title nothing is near what is like it in time.
  return sort !== 'title' && (await endsAreFew(tx, tenantId, filter, now));
}

async function endsAreFew(
  tx: Transaction,
  tenantId: string,
  { expires_before, expires_after, expiring_within: days }: ExceptionFilter,
  now: Promise<Instant>,
): Promise<boolean> {
  const before = days === undefined ? expires_before : (await now) + days * DAY + 1;
  const after = days === undefined ? expires_after : await now;
  if (before === undefined && after === undefined) return false;
  const until = before === undefined ? 'infinity' : formatInstant(before);
  const from = after === undefined ? '-infinity' : formatInstant(after);
  const query = sql<object>`SELECT FROM lapse.exceptions
    WHERE tenant_id = ${tenantId} AND expires_at > ${from} AND expires_at < ${until}
    ORDER BY expires_at OFFSET ${sql.lit(GATHERED_ENDS)} LIMIT 1`;
  const beyond = await tx.execute(query.compile(sqlBuilder));
  return beyond.length === 0;
}
