import { createHash } from 'node:crypto';

const KNOWN_AT_MOST = 10_000;

/**
 * Credentials that were good the last time, by their SHA-256. They are let try whatever else comes
 * from their address: who guesses there must not lock out those who need not guess.
 */
export class KnownCredentials {
  readonly #digests = new Set<string>();

  has(credential: string): boolean {
    return this.#digests.has(digestOf(credential));
  }

  add(credential: string): void {
    const digest = digestOf(credential);
    if (this.#digests.has(digest)) return;
    const [oldest] = this.#digests;
    if (this.#digests.size >= KNOWN_AT_MOST && oldest) this.#digests.delete(oldest);
    this.#digests.add(digest);
  }

  remove(credential: string): void {
    this.#digests.delete(digestOf(credential));
  }
}

function digestOf(credential: string): string {
  return createHash('sha256').update(credential).digest('base64');
}
