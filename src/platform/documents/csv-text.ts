import { Utf8Decoder } from './decode-utf8.ts';
import { createProblem, type DocumentProblem, type Position } from './document-problem.ts';

/** What no text of a record may hold; a lone carriage return or a byte order mark in a cell is text. */
const REFUSED = /[[\p{Cc}\p{Cs}\uFFFE\uFFFF]--[\t\n\r\u0085]]/gv;
const UTF_16 = 'The file is UTF-16 or holds zero bytes. Save it as UTF-8.';

/** A stretch of the file's text, or what is wrong in it. What follows `stop` is not to be read. */
export type CsvText =
  | { readonly text: string }
  | { readonly problem: DocumentProblem; readonly stop?: true };

/** The text of a file, with what may not stand in it told and replaced. */
export async function* csvText(source: AsyncIterable<Uint8Array>): AsyncGenerator<CsvText, void> {
  const decoder = new Utf8Decoder();
  const place = new Place();
  const read = function* (parts: ReturnType<Utf8Decoder['push']>): Generator<CsvText, void> {
    for (const part of parts) {
      if (part === 'utf-16') {
        yield { problem: createProblem(UTF_16, { line: 1, column: 1 }), stop: true };
        return;
      }
      if ('badByte' in part) {
        const hex = part.badByte.toString(16).toUpperCase().padStart(2, '0');
        const message = `The byte 0x${hex} is not UTF-8. Save the file as UTF-8.`;
        yield { problem: createProblem(message, place.now) };
        place.pass('\uFFFD');
        yield { text: '\uFFFD' };
      } else yield* checked(part.text, place);
    }
  };
  for await (const piece of source) yield* read(decoder.push(piece));
  yield* read(decoder.end());
}

function* checked(text: string, place: Place): Generator<CsvText, void> {
  let from = 0;
  for (const { index } of text.matchAll(REFUSED)) {
    place.pass(text.slice(from, index));
    const name = `U+${text.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0')}`;
    const message = `The control character ${name} may not stand in a file. Remove it.`;
    yield { problem: createProblem(message, place.now) };
    from = index;
  }
  place.pass(text.slice(from));
  yield { text: text.replaceAll(REFUSED, '\uFFFD') };
}

class Place {
  #line = 1;
  #column = 1;

  get now(): Position {
    return { line: this.#line, column: this.#column };
  }

  pass(text: string): void {
    const last = text.lastIndexOf('\n');
    if (last === -1) this.#column += text.length;
    else {
      this.#column = text.length - last;
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#line += 1;
    }
  }
}
