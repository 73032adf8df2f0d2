import type { Limits } from './limits.ts';

/**
 * A place in the file: 1-based, columns in UTF-16 code units as editors count them. A byte order
 * mark takes no column.
 */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong at a place of the file, and what would pass. */
export interface DocumentProblem {
  readonly message: string;
  readonly position: Position;
  /** Set when a limit was passed, so that a caller can answer 413 instead of 422. */
  readonly limit?: keyof Limits;
}

/** Messages quote the file; a hostile one must not turn them into megabytes. */
export const MAX_MESSAGE = 300;

/** Problems of one record; beyond these the rest are counted, not listed. */
export const MAX_PROBLEMS = 50;

export function createProblem(
  message: string,
  position: Position,
  limit?: keyof Limits,
): DocumentProblem {
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  return limit === undefined ? { message: short, position } : { message: short, position, limit };
}

/** Sorted by place, each once, and no more than {@link MAX_PROBLEMS} of them. */
export function orderProblems(problems: readonly DocumentProblem[]): DocumentProblem[] {
  const sorted = problems.toSorted(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
  const seen = new Set<string>();
  const unique = sorted.filter(({ message, position }) => {
    const key = `${position.line}:${position.column}:${message}`;
    return !seen.has(key) && seen.add(key);
  });
  const kept = unique.slice(0, MAX_PROBLEMS);
  const next = unique[MAX_PROBLEMS];
  if (next) {
    const more = unique.length - MAX_PROBLEMS;
    kept.push(createProblem(`And at least ${more} more problems in this record.`, next.position));
  }
  return kept;
}
