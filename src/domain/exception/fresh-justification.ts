import type { FieldError } from '../errors.ts';

/** Each character of scripts that write words without spaces counts as a word of its own. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}]+/gu;
const INVISIBLE = /\p{Cf}/gu;
/** Fewer new words than this are "a word or two". */
const NEW_WORDS = 3;

/**
 * Why a renewal's justification is not fresh; `undefined` where it is. Every renewal needs its own
 * (002, Renewal Limits: updated justification), so one that an earlier record of the chain has given
 * already is refused, and so is one that differs by spaces, case, punctuation, order, or a word or
 * two. `earlier` holds every justification of the chain that is known, oldest first.
 */
export function staleJustification(
  justification: string | undefined,
  earlier: readonly string[],
): FieldError | undefined {
  if (justification === undefined) return undefined;
  const words = wordsOf(justification);
  const repeated = earlier.findLast((text) => newWords(words, text) < NEW_WORDS);
  if (repeated === undefined) return undefined;
  return {
    path: 'justification',
    message: `repeats an earlier one of its chain ("${excerpt(repeated)}"); one that says what has changed since, in at least ${NEW_WORDS} words that the earlier does not have, would pass (002, Renewal Limits: updated justification)`,
  };
}

function newWords(words: ReadonlySet<string>, earlier: string): number {
  const known = wordsOf(earlier);
  return [...words].filter((word) => !known.has(word)).length;
}

function wordsOf(text: string): Set<string> {
  const plain = text.normalize('NFKC').replace(INVISIBLE, '').toLowerCase();
  return new Set(plain.match(WORD));
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text;
}
