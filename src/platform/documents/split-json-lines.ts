import type { Fragment } from './cut-fragments.ts';
import { createProblem } from './document-problem.ts';
import type { Limits } from './limits.ts';
import { OpenChunk, type Split } from './open-chunk.ts';

/** Cuts JSON lines into chunks: each line is a record, and blank ones are none. */
export class JsonLinesSplitter {
  readonly #limits: Limits;
  #line: OpenChunk | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  *push(fragment: Fragment): Generator<Split, void> {
    if (fragment.column === 1) {
      yield* this.end();
      if (fragment.text.trim() === '') return;
      const indent = fragment.text.length - fragment.text.trimStart().length;
      if (fragment.text.charAt(indent) !== '{') {
        const position = { line: fragment.line, column: indent + 1 };
        const message =
          'This line is no JSON object. Each line is one record, such as {"title": …}.';
        yield { problem: createProblem(message, position) };
        return;
      }
      this.#line = new OpenChunk(fragment, false, 'maxRecordBytes', this.#limits);
    }
    this.#line?.append(fragment);
    if (this.#line?.overflowed) this.#line.release();
  }

  *end(): Generator<Split, void> {
    if (this.#line) yield { chunk: this.#line.close() };
    this.#line = undefined;
  }
}
