import { stripVTControlCharacters } from 'node:util';

const MARK = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const PLAIN = /^[\u0020-\u007e]*$/;

/** Made when it is needed: most texts are plain. */
let segmenter: Intl.Segmenter | undefined;

function segmentsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter();
  return segmenter.segment(text);
}

/** The columns that a text takes on a terminal; colours take none. */
export function displayWidth(text: string): number {
  const visible = stripVTControlCharacters(text);
  if (PLAIN.test(visible)) return visible.length;
  let width = 0;
  for (const { segment } of segmentsOf(visible)) width += segmentWidth(segment);
  return width;
}

/** Shortened to so many columns, with an ellipsis where something was cut off. For uncoloured text. */
export function fitTo(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let fitted = '';
  for (const { segment } of segmentsOf(text)) {
    width += segmentWidth(segment);
    if (width > columns - 1) break;
    fitted += segment;
  }
  return `${fitted.trimEnd()}…`;
}

/** Filled up with blanks to so many columns. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

/** Broken into lines of at most so many columns, at blanks where there are any. */
export function wrapTo(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(columns, 10)));
}

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (displayWidth(joined) <= columns) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current);
    // A link is better copied whole than read in pieces: it may stand over the edge.
    current = word;
  }
  return [...lines, current];
}

function segmentWidth(segment: string): number {
  if (MARK.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}
