import { createHmac, hkdfSync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { BackupFileError } from './backup-file-error.ts';

/**
 * What stands in the clear at the beginning of a backup, 72 bytes:
 *
 * | bytes | what |
 * |---|---|
 * | 16 | `LAPSE BACKUP`, then CR LF, 0x1a, LF: a transfer that changes line ends breaks it |
 * | 2 | format version, big-endian |
 * | 1, 1, 1 | scrypt: log2 N, r, p |
 * | 3 | zero |
 * | 16 | scrypt: salt |
 * | 32 | HMAC-SHA-256 of all that under a key of the passphrase: tells a wrong one at once |
 */
export const HEADER_BYTES = 72;

/** The newest format that this release writes and reads. */
export const FORMAT_VERSION = 1;

/** The keys that a passphrase and a header give. */
export interface OpenedHeader {
  /** All of it; every chunk is authenticated together with it. */
  readonly bytes: Buffer;
  /** AES-256 key of the chunks. Used for this file alone, since the salt is. */
  readonly key: Buffer;
}

const MAGIC = Buffer.from('LAPSE BACKUP\r\n\u001a\n', 'latin1');
const CLEAR_BYTES = HEADER_BYTES - 32;
const VERSION_AT = 16;
const COST_AT = 18;
const SALT_AT = 24;

// 128 MB and a third of a second for each guess: OWASP, Password Storage Cheat Sheet, scrypt.
const COST = { log2N: 17, r: 8, p: 1 } as const;
/** A file that was altered cannot ask for all memory there is. */
const MOST_LOG2N = 18;

/** The header of a new file, and its keys. `log2N` is for tests, which guess more often. */
export async function newHeader(
  passphrase: string,
  log2N: number = COST.log2N,
): Promise<OpenedHeader> {
  const clear = Buffer.alloc(CLEAR_BYTES);
  MAGIC.copy(clear);
  clear.writeUInt16BE(FORMAT_VERSION, VERSION_AT);
  clear.set([log2N, COST.r, COST.p], COST_AT);
  randomBytes(16).copy(clear, SALT_AT);
  const { key, mac } = await keysOf(clear, passphrase);
  return { bytes: Buffer.concat([clear, mac]), key };
}

/**
 * Refuses what is not the header of a backup that this release reads; needs no passphrase.
 *
 * @throws BackupFileError
 */
export function assertHeader(bytes: Buffer): void {
  if (bytes.length === 0) throw new BackupFileError('not-a-backup', 'it is empty');
  const begin = bytes.subarray(0, MAGIC.length);
  if (!begin.equals(MAGIC.subarray(0, begin.length)))
    throw new BackupFileError('not-a-backup', 'it does not begin as a backup of Lapse does');
  if (bytes.length < HEADER_BYTES)
    throw new BackupFileError('cut-off', `it ends after ${bytes.length} bytes, within its header`);
  const version = bytes.readUInt16BE(VERSION_AT);
  if (version > FORMAT_VERSION) {
    throw new BackupFileError(
      'newer-format',
      `it is in format ${version}, and this release reads formats up to ${FORMAT_VERSION}`,
    );
  }
  const [log2N = 0, r, p] = bytes.subarray(COST_AT);
  if (version === 0 || log2N < 1 || log2N > MOST_LOG2N || r !== COST.r || p !== COST.p)
    throw new BackupFileError('altered', 'its header was altered');
}

/**
 * Opens a header that `assertHeader` lets pass.
 *
 * @throws BackupFileError for another passphrase than the one it was written under.
 */
export async function openHeader(bytes: Buffer, passphrase: string): Promise<OpenedHeader> {
  const { key, mac } = await keysOf(bytes.subarray(0, CLEAR_BYTES), passphrase);
  if (timingSafeEqual(mac, bytes.subarray(CLEAR_BYTES))) return { bytes, key };
  throw new BackupFileError(
    'wrong-passphrase',
    'the passphrase is not the one it was made with, or its header was altered',
  );
}

async function keysOf(clear: Buffer, passphrase: string): Promise<{ key: Buffer; mac: Buffer }> {
  const [log2N = 0, r = 0, p = 0] = clear.subarray(COST_AT);
  const N = 2 ** log2N;
  const secret = await new Promise<Buffer>((resolve, reject) => {
    // Typed on another keyboard, the same letters may come in another composition.
    const text = passphrase.normalize('NFKC');
    const salt = clear.subarray(SALT_AT);
    const options = { N, r, p, maxmem: 256 * N * r };
    scrypt(text, salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
  const derived = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', use, 32));
  const mac = createHmac('sha256', derived('lapse backup header')).update(clear).digest();
  return { key: derived('lapse backup chunks'), mac };
}
