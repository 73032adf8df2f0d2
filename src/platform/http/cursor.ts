import { DomainError } from '../../domain/errors.ts';

/** The place after which a page begins: a sort value and the id that breaks ties. */
export interface Cursor {
  /** Empty in a list that is in the order of its ids. */
  readonly position: string;
  readonly id: string;
}

/** A cursor as clients pass it back: opaque, and bound to the order that made it. */
export function encodeCursor(order: string, position: string, id: string): string {
  return Buffer.from(JSON.stringify([order, position, id])).toString('base64url');
}

/**
 * Reads a cursor.
 *
 * @throws DomainError `invalid-request` for one that is not from this list, or in another order
 */
export function decodeCursor(
  text: string,
  order: string,
  isPosition: (position: string) => boolean,
): Cursor {
  try {
    const [madeFor, position, id] = JSON.parse(
      Buffer.from(text, 'base64url').toString('utf8'),
    ) as unknown[];
    if (
      madeFor === order &&
      typeof position === 'string' &&
      typeof id === 'string' &&
      ID.test(id) &&
      isPosition(position)
    ) {
      return { position, id };
    }
  } catch {
    // Not base64url of JSON: refused below like every other cursor that no list has given out.
  }
  throw new DomainError(
    'invalid-request',
    'the cursor is not one of this list; begin again without it',
    [
      {
        path: 'cursor',
        message: 'must be the next_cursor of a page of this list, sorted the same',
      },
    ],
  );
}

const ID = /^[\w-]{1,64}$/;
