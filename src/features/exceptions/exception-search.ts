import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { Condition } from './exception-status.ts';

/** Up to so many, what a search finds is gathered and put in order; else the list is walked in its order. */
const GATHERED = 5_000;

/** Whether a search finds too many records to gather them for a page. */
export async function findsMany(tx: Transaction, text: string): Promise<boolean> {
  const query = searchQuery(text);
  if (query === '') return false;
  const [row] = await tx.query<{ many: boolean }>(
    `SELECT count(*) > ${GATHERED} AS many
     FROM (SELECT lapse.search_exceptions($1) LIMIT ${GATHERED + 1}) AS found`,
    [query],
  );
  return row?.many ?? false;
}

/** The ids that a search finds, one after another, as a table. */
export function searchFindings(text: string): RawBuilder<unknown> {
  const query = searchQuery(text);
  if (query === '') return sql`(SELECT NULL::text AS exception_id LIMIT 0)`;
  return sql`(SELECT lapse.search_exceptions(${query}) AS exception_id OFFSET 0)`;
}

/** Rows that a search finds: as a set, or `each` asked by itself, which suits a search that finds many. */
export function searchCondition(text: string, each = false): Condition {
  const query = searchQuery(text);
  if (query === '') return sql<SqlBool>`false`;
  if (each) return sql<SqlBool>`lapse.search_finds(exception_id, ${query})`;
  return sql<SqlBool>`exception_id IN (SELECT lapse.search_exceptions(${query}))`;
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
