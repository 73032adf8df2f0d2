// What spreadsheets take for the beginning of a formula, in its full-width forms as well.
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;
const GUARDED = /^''*[=+\-@\t\r\n＝＋－＠]/;

/**
 * A text that no spreadsheet runs: an apostrophe goes before what it would take for a formula, and
 * before an apostrophe that stands there by itself, so that `unguardFormula` gives back every text.
 */
export function guardFormula(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** The text that `guardFormula` was given. */
export function unguardFormula(text: string): string {
  return GUARDED.test(text) ? text.slice(1) : text;
}
