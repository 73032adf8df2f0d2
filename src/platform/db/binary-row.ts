const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/**
 * One row of COPY's binary format, read in place: it stands in the bytes that arrived, and what
 * follows takes its place. Columns count from 0.
 */
export class BinaryRow {
  #chunk: Buffer = SIGNATURE;
  #isBegun = false;
  readonly #begins: number[] = [];
  /** -1 for NULL. */
  readonly #lengths: number[] = [];

  /**
   * Moves on to the row in the next message; false where that holds none.
   *
   * @throws Error where what arrives is not in that format.
   */
  moveTo(chunk: Buffer): boolean {
    let at = this.#isBegun ? 0 : headerLength(chunk);
    this.#isBegun = true;
    this.#chunk = chunk;
    if (at === chunk.length) return false;
    const count = chunk.readInt16BE(at);
    at += 2;
    for (let column = 0; column < count; column += 1) {
      const length = chunk.readInt32BE(at);
      this.#begins[column] = at + 4;
      this.#lengths[column] = length;
      at += 4 + Math.max(0, length);
    }
    return count >= 0;
  }

  isNull(column: number): boolean {
    return this.length(column) < 0;
  }

  /** In bytes; -1 for NULL. */
  length(column: number): number {
    return this.#lengths[column] ?? -1;
  }

  /** Text, or bytes in the encoding that is named; empty for NULL. */
  text(column: number, encoding: 'utf8' | 'latin1' | 'hex' = 'utf8'): string {
    return this.#chunk.toString(encoding, this.#begin(column), this.#end(column));
  }

  int4(column: number): number {
    return this.#chunk.readInt32BE(this.#begin(column));
  }

  /** Exact up to 2^53. */
  int8(column: number): number {
    const begin = this.#begin(column);
    return this.#chunk.readInt32BE(begin) * 2 ** 32 + this.#chunk.readUInt32BE(begin + 4);
  }

  /** Copies a column's bytes; answers where they end. */
  copy(column: number, target: Buffer, at: number): number {
    return at + this.#chunk.copy(target, at, this.#begin(column), this.#end(column));
  }

  #begin(column: number): number {
    return this.#begins[column] ?? 0;
  }

  #end(column: number): number {
    return this.#begin(column) + Math.max(0, this.length(column));
  }
}

/** The header stands before the first row: signature, flags, and an extension that has a length. */
function headerLength(chunk: Buffer): number {
  if (!chunk.subarray(0, SIGNATURE.length).equals(SIGNATURE))
    throw new Error('what arrives is not in the binary format of COPY');
  const extension = SIGNATURE.length + 4;
  return extension + 4 + chunk.readInt32BE(extension);
}
