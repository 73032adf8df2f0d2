import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A secret at rest: AES-256-GCM; the tag is the last 16 bytes of the ciphertext. */
export interface SealedSecret {
  /** Names the master key, so that rotation knows what it has to seal again. */
  readonly keyId: string;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The key that all other secrets rest under. It never leaves this process. */
export interface MasterKey {
  readonly keyId: string;
  /** Seals a secret for one purpose; opening it for another fails. */
  seal(secret: Uint8Array, purpose: string): SealedSecret;
  /** Throws where the key, the purpose or a single bit differs. */
  open(sealed: SealedSecret, purpose: string): Uint8Array;
}

const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** A master key of 32 bytes. */
export function masterKey(key: Uint8Array): MasterKey {
  if (key.length !== KEY_BYTES) throw new Error('a master key is 32 bytes');
  const keyId = createHash('sha256')
    .update('lapse master key')
    .update(key)
    .digest('hex')
    .slice(0, 16);
  return {
    keyId,
    seal(secret, purpose) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
      const ciphertext = Buffer.concat([
        cipher.update(secret),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return { keyId, nonce, ciphertext };
    },
    open(sealed, purpose) {
      if (sealed.keyId !== keyId)
        throw new Error(`the secret rests under master key ${sealed.keyId}, not ${keyId}`);
      const body = sealed.ciphertext.subarray(0, -TAG_BYTES);
      // Without its length, GCM would take a shorter tag, which is easier to forge.
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.nonce, {
        authTagLength: TAG_BYTES,
      }).setAAD(Buffer.from(purpose));
      decipher.setAuthTag(sealed.ciphertext.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(body), decipher.final()]);
    },
  };
}

/**
 * The master key of `LAPSE_MASTER_KEY` (base64 of 32 bytes), else of a file (0600) that is made at
 * the first start. Replicas that share a database have to share the key.
 */
export async function loadMasterKey(
  fromEnvironment: string | undefined,
  file: string,
): Promise<MasterKey> {
  const text = fromEnvironment ?? (await readOrCreate(file));
  return parseMasterKey(text, fromEnvironment === undefined ? file : 'LAPSE_MASTER_KEY');
}

/**
 * As `loadMasterKey`, for a register that has one already: with its text, for a backup to carry.
 *
 * @throws Error where there is none, or it is no key
 */
export async function readMasterKey(
  fromEnvironment: string | undefined,
  file: string,
): Promise<{ key: MasterKey; text: string }> {
  const text = (fromEnvironment ?? (await readFile(file, 'utf8'))).trim();
  return {
    key: parseMasterKey(text, fromEnvironment === undefined ? file : 'LAPSE_MASTER_KEY'),
    text,
  };
}

/** A master key from the base64 of its 32 bytes; `place` is where that stood, for the refusal. */
export function parseMasterKey(text: string, place: string): MasterKey {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === KEY_BYTES) return masterKey(key);
  throw new Error(`${place} does not hold a master key: base64 of 32 bytes is expected`);
}

async function readOrCreate(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(fresh, `${randomBytes(KEY_BYTES).toString('base64')}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
    // A link appears whole and only once, so two servers that start together agree on one key.
    await link(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  await chmod(file, 0o600);
  return readFile(file, 'utf8');
}
