/** Something the person at the terminal can act on: shown without a stack. */
export class Problem extends Error {}

/**
 * Ends the process with the error's message for a {@link Problem}, with the stack for anything
 * else. 3 is the exit code of "could not".
 */
export function fail(error) {
  process.stderr.write(`${error instanceof Problem ? error.message : error?.stack}\n`);
  process.exit(3);
}
