/** A file's bytes, as they are stored. */
export interface StoredBytes {
  readonly size: number;
  /** Read once, from the beginning. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Which file of which tenant; tenants share no file, so that none can learn what another has. */
export interface FilePlace {
  readonly tenantId: string;
  /** SHA-256 of its bytes, in hexadecimal digits. */
  readonly digest: string;
}

/** Where the files of evidence lie, by their digest. Never called inside a database transaction. */
export interface FileStore {
  /**
   * Keeps a file, whole or not at all, and for good once it resolves. Again it changes nothing; a
   * file that was altered where it lies is mended or refused, and never taken for a whole one.
   * @throws DomainError `unavailable` where there is no room, or the store cannot be asked
   * @throws AlteredFile where the bytes are not what the digest says
   */
  put(place: FilePlace, file: StoredBytes): Promise<void>;
  /** Its bytes, or `undefined` where it does not lie there. */
  open(place: FilePlace): Promise<StoredBytes | undefined>;
  /** Takes a file away; nothing happens where there is none. */
  remove(place: FilePlace): Promise<void>;
  /** Takes away what servers that were killed have begun to store before an instant of real time. */
  sweepUnfinished(before: number): Promise<void>;
  /** Whether it takes and keeps files as it has to; `undefined` where it does. */
  findProblem(): Promise<StoreProblem | undefined>;
}

/** What is wrong with a store, and what mends it. */
export interface StoreProblem {
  readonly message: string;
  readonly mend: string;
}
