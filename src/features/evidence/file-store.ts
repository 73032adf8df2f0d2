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
   * Keeps a file, whole or not at all, and for good once it resolves. Again it changes nothing.
   * @throws DomainError `unavailable` where there is no room
   */
  put(place: FilePlace, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Its bytes, or `undefined` where it does not lie there. */
  open(place: FilePlace): Promise<StoredBytes | undefined>;
  /** Takes a file away; nothing happens where there is none. */
  remove(place: FilePlace): Promise<void>;
}
