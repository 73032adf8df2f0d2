import type { Position } from './document-problem.ts';
import type { Chunk } from './open-chunk.ts';

/** Turns offsets in a chunk's text into places of the file. */
export class OffsetPlaces {
  readonly #chunk: Chunk;
  readonly #lineStarts: number[] = [0];

  constructor(chunk: Chunk) {
    this.#chunk = chunk;
    const { text } = chunk;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  at(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    // Only the chunk's first line may begin in the middle of a line of the file.
    const indent = low === 0 ? this.#chunk.column - 1 : 0;
    const column = offset - (this.#lineStarts[low] ?? 0) + 1 + indent;
    return { line: this.#chunk.line + low, column };
  }
}
