import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { linesOf } from './lines-of.ts';

/** A line of an answer that is streamed as JSON lines; the last has the result. */
interface StreamedLine<Result> {
  readonly result?: Result;
  /** It could not be completed: nothing is known of the rest. */
  readonly error?: { readonly detail: string };
}

/** How to read a streamed answer. */
interface Reading<Line> {
  /** What it is of: `the verification`. */
  readonly what: string;
  readonly onLine: (line: Line) => void;
  /** Takes progress away, however it ends. */
  readonly done: () => void;
}

/** Reads a streamed answer to its result; one that broke off decides nothing. */
export async function streamedResult<Result, Line extends StreamedLine<Result>>(
  { body }: Response,
  { what, onLine, done }: Reading<Line>,
): Promise<Result> {
  let result: Result | undefined;
  try {
    for await (const text of linesOf(body)) {
      const line = JSON.parse(text) as Line;
      onLine(line);
      if (line.error) throw brokenOff(what, line.error.detail);
      result = line.result ?? result;
    }
  } catch (error) {
    throw error instanceof CommandFailure ? error : brokenOff(what, (error as Error).message);
  } finally {
    done();
  }
  if (result === undefined) throw brokenOff(what, 'it ended without a result');
  return result;
}

function brokenOff(what: string, why: string): CommandFailure {
  return new CommandFailure(`${what} broke off: ${why}`, {
    exitCode: EXIT.undecided,
    next: 'nothing is decided: run it again',
  });
}
