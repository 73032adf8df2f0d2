/** The exit codes of INTERFACE, Command line; and what shells know as ended by Ctrl-C. */
export const EXIT = { done: 0, refused: 1, usage: 2, undecided: 3, stopped: 130 } as const;

/** A field's or a file's problem, with where it stands. */
export interface FailureDetail {
  /** `path`, or `file:line:column: path`. */
  readonly at: string;
  readonly message: string;
}

interface FailureOptions {
  readonly exitCode: number;
  readonly details?: readonly FailureDetail[];
  /** What to do about it: a sentence or a command. */
  readonly next?: string | undefined;
}

/** A command that did not succeed, in the words of the person at the terminal. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;
  readonly details: readonly FailureDetail[];
  readonly next: string | undefined;

  constructor(message: string, { exitCode, details = [], next }: FailureOptions) {
    super(message);
    this.exitCode = exitCode;
    this.details = details;
    this.next = next;
  }
}

/** Wrong usage: what was typed cannot be meant. */
export function usageFailure(message: string, next?: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage, next });
}
