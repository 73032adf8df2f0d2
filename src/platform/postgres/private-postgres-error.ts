/**
 * The private PostgreSQL cannot be prepared, started, reached or stopped. The message is written
 * for the person at the terminal: what is wrong, then what to do. `cause` carries the technical
 * error where there is one.
 */
export class PrivatePostgresError extends Error {
  override readonly name: string = 'PrivatePostgresError';
}

/** The text of anything that was thrown, for the end of a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
