import { z } from 'zod';
import { decodeCursor, encodeCursor } from './cursor.ts';

/** A whole number in digits alone: an empty text, 0x10 and 1e2 are none. */
export function wholeNumber(from: number, to: number) {
  const message = `must be a whole number from ${from} to ${to.toLocaleString('en')}`;
  const digits = (given: unknown) =>
    typeof given === 'string' && !/^\d{1,9}$/.test(given) ? Number.NaN : given;
  return z.preprocess(
    digits,
    z.coerce.number(message).int(message).min(from, message).max(to, message),
  );
}

/** How much of a list is asked for, and where it goes on (INTERFACE, HTTP). */
export const pageParameters = {
  limit: wholeNumber(1, 200).default(50),
  cursor: z.string().max(2_000).optional(),
};

/** What {@link pageParameters} were given. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The answer of a list that is in the order of its ids. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** A page of a list that is in the order of its ids. */
export interface IdPage<Row> {
  readonly items: readonly Row[];
  readonly next_cursor: string | null;
}

/**
 * Reads a page of a list that is in the order of its ids.
 *
 * @param list names it, so that no other list takes its cursors
 * @param read the rows after an id, or the first ones; at most so many
 * @throws DomainError `invalid-request` for a cursor that is not one of this list
 */
export async function readPage<Row>(
  list: string,
  { limit, cursor }: PageRequest,
  idOf: (row: Row) => string,
  read: (after: string | undefined, count: number) => Promise<Row[]>,
): Promise<IdPage<Row>> {
  const after =
    cursor === undefined ? undefined : decodeCursor(cursor, list, (place) => place === '').id;
  // One row more than the page, which tells whether there is another.
  const rows = await read(after, limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    next_cursor:
      rows.length > limit && last !== undefined ? encodeCursor(list, '', idOf(last)) : null,
  };
}
