import { DomainError } from '../../domain/errors.ts';
import { parseInstant } from '../../domain/schedule/instant.ts';

/** The place after which a page begins: a sort value and the id that breaks ties. */
export interface Cursor {
  readonly position: string;
  readonly id: string;
}

/** A cursor as clients pass it back: opaque, and bound to the sort that made it. */
export function encodeCursor(sort: string, position: string, id: string): string {
  return Buffer.from(JSON.stringify([sort, position, id])).toString('base64url');
}

/** Reads a cursor; refuses one that is not from this list, or from a list sorted otherwise. */
export function decodeCursor(text: string, sort: string): Cursor {
  try {
    const [madeFor, position, id] = JSON.parse(
      Buffer.from(text, 'base64url').toString('utf8'),
    ) as unknown[];
    if (
      madeFor === sort &&
      typeof position === 'string' &&
      typeof id === 'string' &&
      ID.test(id) &&
      isPosition(sort, position)
    ) {
      return { position, id };
    }
  } catch {
    // Not base64url of JSON: refused below like every other cursor that no list has given out.
  }
  throw new DomainError(
    'invalid-request',
    'the cursor is not one of this list; begin again without it',
    [{ path: 'cursor', message: 'must be the next_cursor of a page with the same sort' }],
  );
}

const ID = /^[\w-]{1,64}$/;
/** A time as PostgreSQL writes it in UTC, in the two parts around its space. */
const TIMESTAMP = /^(\S{10}) (\S+)\+00$/;

function isPosition(sort: string, position: string): boolean {
  if (sort === 'title') return position.isWellFormed() && !position.includes('\u0000');
  const [, day, time] = TIMESTAMP.exec(position) ?? [];
  return position === 'infinity' || parseInstant(`${day}T${time}Z`) !== undefined;
}
