import { stripVTControlCharacters } from 'node:util';

const LEAST_WIDTH = 20;
const DEFAULT_WIDTH = 80;

/**
 * Columns that there are: those of the terminal, or what COLUMNS says. Into a pipe or a file without
 * bound: whoever reads it there wants it whole, and a line for each thing.
 */
export function terminalWidth(): number {
  const columns = process.stdout.columns || Number(process.env.COLUMNS);
  if (columns >= LEAST_WIDTH) return columns;
  return process.stdout.isTTY ? DEFAULT_WIDTH : Number.POSITIVE_INFINITY;
}

/** Whether somebody sits there who can be asked. */
export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** What the command answers, on standard output. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** The answer for programs. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** What goes with the answer and is not part of it, on standard error. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Line breaks and tabs may stay; whatever else moves the cursor or turns the text round may not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that other people wrote, fit for a terminal: without escape sequences, which could hide or
 * forge what stands on the screen, and without characters that change the direction of reading.
 */
export function safeText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replaceAll(UNSAFE, '\ufffd');
}

/** As `safeText`, on one line. */
export function safeLine(text: string): string {
  return safeText(text).replaceAll(/\s+/g, ' ').trim();
}

/** A reader that has seen enough (`lapse list | head`) is no failure. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
