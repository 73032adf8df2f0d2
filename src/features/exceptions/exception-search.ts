import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { Condition } from './exception-status.ts';

/** So many records, each looked up, are gathered and put in order faster than a list is walked. */
export const GATHERED = 5_000;

/** About how many records a search finds, by the database's statistics. */
export async function reckonFindings(tx: Transaction, text: string): Promise<number> {
  const query = searchQuery(text);
  if (query === '') return 0;
  const [row] = await tx.query<{ findings: number }>(
    'SELECT lapse.reckon_findings($1) AS findings',
    [query],
  );
  return row?.findings ?? 0;
}

/** The ids that a search finds, up to a limit if there is one, as a table. */
export function searchFindings(text: string, limit?: number): RawBuilder<unknown> {
  const query = searchQuery(text);
  if (query === '') return sql`(SELECT NULL::text AS exception_id LIMIT 0)`;
  const upTo = limit === undefined ? sql`` : sql`, ${sql.lit(limit)}`;
  return sql`(SELECT lapse.search_exceptions(${query}${upTo}) AS exception_id)`;
}

/** Rows that a search finds, as a set. */
export function searchCondition(text: string): Condition {
  return sql<SqlBool>`exception_id IN ${searchFindings(text)}`;
}

/** Rows that a search finds, each asked by itself, which suits a search that finds many. */
export function searchConditionOfEach(text: string): Condition {
  const query = searchQuery(text);
  if (query === '') return sql<SqlBool>`false`;
  // A value, and not EXISTS, which PostgreSQL may turn into a join that reads all.
  return sql<SqlBool>`(SELECT s.search @@ (SELECT to_tsquery('simple', ${query}))
    FROM lapse.exception_search AS s
    WHERE s.tenant_id = lapse.current_tenant() AND s.exception_id = exceptions.exception_id)`;
}

/**
 * What people type as a text search: every word, each the beginning of one. A word is quoted whole,
 * so that nothing in it is an operator and PostgreSQL takes it apart just as it took the text apart:
 * ADR-0217 or an e-mail address is not a row of words to it. Empty where there is no word at all.
 */
function searchQuery(text: string): string {
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 20)
    .map((word) => `'${word.replace(/['\\]/g, '$&$&')}':*`)
    .join(' & ');
}
