/** Takes bytes off a stream in pieces of the sizes that the reader asks for. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer[] = [];
  #size = 0;
  #taken = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes have been taken. */
  get taken(): number {
    return this.#taken;
  }

  /** The next `count` bytes; fewer only where the stream ends. */
  async take(count: number): Promise<Buffer> {
    await this.#hold(count);
    const whole = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held, this.#size);
    const bytes = whole?.subarray(0, count) ?? Buffer.alloc(0);
    const rest = whole?.subarray(count) ?? bytes;
    this.#held = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    this.#taken += bytes.length;
    return bytes;
  }

  /** Whether nothing follows. */
  async isAtEnd(): Promise<boolean> {
    await this.#hold(1);
    return this.#size === 0;
  }

  /** Lets go of the stream, whatever is left in it. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #hold(count: number): Promise<void> {
    while (this.#size < count) {
      const { done, value } = await this.#chunks.next();
      if (done) return;
      this.#held.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      this.#size += value.byteLength;
    }
  }
}
