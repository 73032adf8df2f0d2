/** What means something to Markdown in the middle of a line. */
const ACTIVE = /[\\`*_[\]~|$]/g;
/** What may mean something at its beginning: a heading, a list, a rule. */
const LEADING = /^(\s*)([#+=-])/;
const LEADING_NUMBER = /^(\s*\d+)([.)])/;

/**
 * A text that people wrote, as Markdown that shows it as it is: no markup, no HTML, no link, and
 * each of its lines a line.
 */
export function inText(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map(escapeLine)
    .join('<br>');
}

/** The same on one line, for a cell of a table. */
export function inTable(text: string): string {
  return escapeLine(text.replaceAll(/\s+/g, ' ').trim());
}

function escapeLine(line: string): string {
  return line
    .replaceAll(ACTIVE, '\\$&')
    .replace(LEADING, '$1\\$2')
    .replace(LEADING_NUMBER, '$1\\$2')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** An instant to the minute: `2026-03-07 00:00`. */
export function minute(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)}`;
}
