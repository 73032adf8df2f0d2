import type { Fragment } from './cut-fragments.ts';
import { createProblem } from './document-problem.ts';
import { isWrapperEnd } from './json-wrapper.ts';
import type { Limits } from './limits.ts';
import { OpenChunk, type Split } from './open-chunk.ts';

/** Characters that may follow a list in an object. */
const MAX_TAIL = 4_096;

/** What JSON has outside of strings. Anything else is YAML that only a parser can cut. */
const JSON_CHARACTERS = new Set(' \t\r\n{}[],:"+-.0123456789truefalsnE');

/**
 * Cuts the items out of a JSON list that is too large to parse at once, by brackets and strings
 * alone. What is between two commas goes to the parser as it stands, so this needs to know where
 * items end and nothing else about JSON.
 */
export class JsonListSplitter {
  readonly #limits: Limits;
  readonly #isWrapped: boolean;
  /** What follows a list in an object. */
  #tail = '';
  #state: 'before' | 'between' | 'item' | 'after' | 'broken' = 'before';
  #item: OpenChunk | undefined;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** @param isWrapped whether the list is the value of an object's key, whose end then follows */
  constructor(limits: Limits, isWrapped = false) {
    this.#limits = limits;
    this.#isWrapped = isWrapped;
  }

  *push(fragment: Fragment): Generator<Split, void> {
    const faultAt = fragment.fault ? fragment.fault.position.column - fragment.column : -1;
    let from = 0;
    for (let at = 0; at < fragment.text.length; at += 1) {
      const char = fragment.text.charAt(at);
      if (at === faultAt && fragment.fault && !this.#item) yield { problem: fragment.fault };
      if (this.#state === 'item') {
        if (this.#step(char)) {
          yield* this.#close(sliceFragment(fragment, from, at));
          this.#state = char === ',' ? 'between' : 'after';
        } else if (!this.#inString && !JSON_CHARACTERS.has(char)) {
          yield this.#fail(`Unexpected ${char} in a JSON list`, fragment, at);
        }
      } else if (this.#state === 'before') {
        if (char === '[') this.#state = 'between';
      } else if (this.#state !== 'broken' && !/\s/.test(char)) {
        if (this.#state === 'between' && char === ']') this.#state = 'after';
        else if (this.#state === 'after' && this.#isWrapped && this.#tail.length < MAX_TAIL)
          this.#tail += char;
        else if (this.#state === 'after')
          yield this.#fail('Text after the end of the list', fragment, at);
        else if (char === ',') yield this.#fail('Unexpected , in a JSON list', fragment, at);
        else {
          from = at;
          this.#open(fragment, at);
          at -= 1;
        }
      }
    }
    this.#keep(fragment, from);
  }

  *end(last: Fragment | undefined): Generator<Split, void> {
    if (this.#state === 'after' && this.#isWrapped && !isWrapperEnd(this.#tail)) {
      yield this.#fail('The object around the list does not end as it should', last, 0);
    }
    if (this.#state === 'after' || this.#state === 'broken' || !last) return;
    yield this.#fail('The list is not closed: ] is missing', last, last.text.length);
  }

  #open(fragment: Fragment, at: number): void {
    this.#state = 'item';
    this.#item = new OpenChunk(sliceFragment(fragment, at), false, 'maxRecordBytes', this.#limits);
    this.#depth = 0;
  }

  /** Whether the item ends before this character. */
  #step(char: string): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (char === '\\') this.#escaped = true;
      else if (char === '"') this.#inString = false;
      return false;
    }
    if (char === '"') this.#inString = true;
    else if (char === '{' || char === '[') this.#depth += 1;
    else if (this.#depth === 0) return char === ',' || char === ']';
    else if (char === '}' || char === ']') this.#depth -= 1;
    return false;
  }

  #keep(fragment: Fragment, from: number): void {
    if (!this.#item) return;
    this.#item.append(sliceFragment(fragment, from));
    if (this.#item.overflowed) this.#item.release();
  }

  *#close(tail: Fragment): Generator<Split, void> {
    if (!this.#item) return;
    this.#item.append(tail);
    yield { chunk: this.#item.close() };
    this.#item = undefined;
  }

  #fail(message: string, fragment: Fragment | undefined, at: number): Split {
    this.#state = 'broken';
    this.#item = undefined;
    const { line, column } = fragment ?? { line: 1, column: 1 };
    const position = { line, column: column + at };
    const advice = 'A list in brackets this large is read as JSON; the rest of it was not read.';
    return { problem: createProblem(`${message}. ${advice}`, position) };
  }
}

/** A part of a fragment, with its place. */
export function sliceFragment(fragment: Fragment, from: number, to?: number): Fragment {
  const { line, fault } = fragment;
  const column = fragment.column + from;
  const text = fragment.text.slice(from, to);
  const at = fault?.position.column ?? 0;
  return at >= column && at < column + text.length
    ? { line, column, text, fault }
    : { line, column, text };
}
