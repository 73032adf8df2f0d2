import { createProblem, type DocumentProblem } from './document-problem.ts';

/** A line of the file with its line end, or a part of a very long one. */
export interface Fragment {
  readonly line: number;
  /** 1 at the start of a line. */
  readonly column: number;
  readonly text: string;
  /** A character here that no file may hold; its record is not read. */
  readonly fault?: DocumentProblem;
}

/** Lines are passed on whole up to this length, so that a line of 50 MB is never held. */
const MAX_HELD = 16 * 1024;

/**
 * Control characters, lone surrogates, noncharacters, a byte order mark inside the text, and a
 * carriage return that ends no line: YAML 1.2 takes it as a line break and the parser does not.
 */
const REFUSED = /[[\p{Cc}\p{Cs}\uFEFF\uFFFE\uFFFF]--[\t\n\r\u0085]]|\r(?!\n)/v;

/** Cuts text that arrives in any pieces into lines with their places. */
export class FragmentCutter {
  #line = 1;
  #column = 1;
  #held = '';

  /** Where the next character will stand. */
  get position() {
    return { line: this.#line, column: this.#column + this.#held.length };
  }

  *push(text: string): Generator<Fragment, void> {
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      yield this.#emit(this.#held + text.slice(from, end + 1));
      this.#held = '';
      this.#line += 1;
      this.#column = 1;
      from = end + 1;
    }
    this.#held += text.slice(from);
    if (this.#held.length > MAX_HELD) yield* this.#release(wholeCharacters(this.#held));
  }

  /** A byte that is not UTF-8 stands where this is called. */
  *pushBadByte(byte: number): Generator<Fragment, void> {
    yield* this.#release(this.#held.length);
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    const fault = createProblem(
      `The byte 0x${hex} is not UTF-8. Save the file as UTF-8.`,
      this.position,
    );
    yield { line: this.#line, column: this.#column, text: '\uFFFD', fault };
    this.#column += 1;
  }

  *end(): Generator<Fragment, void> {
    yield* this.#release(this.#held.length);
  }

  *#release(length: number): Generator<Fragment, void> {
    if (length === 0) return;
    const text = this.#held.slice(0, length);
    yield this.#emit(text);
    this.#held = this.#held.slice(length);
    this.#column += length;
  }

  #emit(text: string): Fragment {
    const place = { line: this.#line, column: this.#column };
    const at = text.search(REFUSED);
    if (at === -1) return { ...place, text };
    const position = { line: place.line, column: place.column + at };
    return { ...place, text, fault: createProblem(describeCharacter(text, at), position) };
  }
}

/** Never cut CR LF or a surrogate pair apart: each half alone would be refused. */
function wholeCharacters(text: string): number {
  const last = text.charCodeAt(text.length - 1);
  return last === 0x0d || (last >= 0xd800 && last <= 0xdbff) ? text.length - 1 : text.length;
}

function describeCharacter(text: string, at: number): string {
  const code = text.charCodeAt(at);
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  if (code === 0x0d) return 'A carriage return that ends no line. End lines with LF or CR LF.';
  if (code === 0xfeff) return 'A byte order mark (U+FEFF) inside the file. Remove it.';
  if (code >= 0xd800 && code <= 0xdfff) return `Half of a character (${name}). Write it whole.`;
  return `The control character ${name} may not stand in a file. Remove it.`;
}
