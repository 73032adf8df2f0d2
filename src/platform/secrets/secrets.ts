import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** A secret at rest: AES-256-GCM; the tag is the last 16 bytes of the ciphertext. */
export interface SealedSecret {
  /** Names the master key, so that rotation knows what it has to seal again. */
  readonly keyId: string;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * The keys that all other secrets rest under: the port behind which a file, the environment or a KMS
 * keeps them. They never leave this process.
 */
export interface MasterKey {
  /** What new secrets are sealed under. */
  readonly keyId: string;
  /** Every key that opens something: the present one, then those before it. */
  readonly keyIds: readonly string[];
  /** Seals a secret for one purpose; opening it for another fails. */
  seal(secret: Uint8Array, purpose: string): SealedSecret;
  /** Throws where no key is the one, or the purpose or a single bit differs. */
  open(sealed: SealedSecret, purpose: string): Uint8Array;
}

export const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** A master key of 32 bytes, and those before it, which only open what still rests under them. */
export function masterKey(key: Uint8Array, ...previous: readonly Uint8Array[]): MasterKey {
  const keys = new Map([key, ...previous].map((bytes) => [keyIdOf(bytes), bytes]));
  const keyId = keyIdOf(key);
  const keyIds = [...keys.keys()];
  return {
    keyId,
    keyIds,
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
      const own = keys.get(sealed.keyId);
      if (!own)
        throw new Error(
          `the secret rests under master key ${sealed.keyId}, not ${keyIds.join(' or ')}`,
        );
      const body = sealed.ciphertext.subarray(0, -TAG_BYTES);
      // Without its length, GCM would take a shorter tag, which is easier to forge.
      const decipher = createDecipheriv('aes-256-gcm', own, sealed.nonce, {
        authTagLength: TAG_BYTES,
      }).setAAD(Buffer.from(purpose));
      decipher.setAuthTag(sealed.ciphertext.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(body), decipher.final()]);
    },
  };
}

function keyIdOf(key: Uint8Array): string {
  if (key.length !== KEY_BYTES) throw new Error('a master key is 32 bytes');
  return createHash('sha256').update('lapse master key').update(key).digest('hex').slice(0, 16);
}

/**
 * Master keys from their text: the base64 of 32 bytes a line, the present one first; `place` is where
 * that stood, for the refusal, which shows nothing of it.
 */
export function parseMasterKey(text: string, place: string): MasterKey {
  const keys = keyLines(text).map((line) => Buffer.from(line, 'base64'));
  const [key, ...previous] = keys;
  if (key && keys.every(({ length }) => length === KEY_BYTES)) return masterKey(key, ...previous);
  throw new Error(
    `${place} does not hold a master key: base64 of ${KEY_BYTES} bytes is expected, each key on a line`,
  );
}

/** The lines of a text of keys, the present one first. */
export function keyLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
