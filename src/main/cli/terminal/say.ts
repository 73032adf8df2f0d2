import { errorColours } from './colours.ts';
import { wrapTo } from './text-layout.ts';

const LEAST_COLUMNS = 20;

/**
 * Writes a paragraph to standard error: wrapped on a terminal, with `hanging` blanks before all lines
 * but the first; elsewhere on one line, for programs that look for it.
 */
export function say(text: string, hanging = 2): void {
  const { isTTY, columns } = process.stderr;
  const [, lead = '', body = ''] = /^( *)(.*)$/s.exec(text) ?? [];
  if (!isTTY || columns < LEAST_COLUMNS) {
    process.stderr.write(`${text}\n`);
    return;
  }
  const lines = wrapTo(body, columns - Math.max(lead.length, hanging));
  const indent = ' '.repeat(hanging);
  process.stderr.write(
    `${lines.map((line, at) => (at === 0 ? lead : indent) + line).join('\n')}\n`,
  );
}

/** What to do about it: a sentence or a command. */
export function sayNext(text: string): void {
  say(`${errorColours.cyan('next:')} ${text}`);
}
