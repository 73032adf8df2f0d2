import { parseInstant } from '../../domain/schedule/instant.ts';

/** A time as PostgreSQL writes it in UTC, in the two parts around its space. */
const TIMESTAMP = /^(\S{10}) (\S+)\+00$/;

/** Whether a value can be one of the column that a list of exceptions is sorted by. */
export function isSortPosition(sort: string, position: string): boolean {
  if (sort === 'title') return position.isWellFormed() && !position.includes('\u0000');
  const [, day, time] = TIMESTAMP.exec(position) ?? [];
  return position === 'infinity' || parseInstant(`${day}T${time}Z`) !== undefined;
}
