import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadMasterKey } from './key-file.ts';
import { masterKey } from './secrets.ts';

const master = masterKey(new Uint8Array(32).fill(1));
const secret = Buffer.from('a signing key');

describe('a sealed secret', () => {
  test('opens under its key and for its purpose alone', () => {
    const sealed = master.seal(secret, 'ledger of A');
    expect(Buffer.from(master.open(sealed, 'ledger of A'))).toEqual(secret);
    expect(() => master.open(sealed, 'ledger of B')).toThrow();
    const other = masterKey(new Uint8Array(32).fill(2));
    expect(() => other.open(sealed, 'ledger of A')).toThrow(/rests under master key/);
    expect(() => other.open({ ...sealed, keyId: other.keyId }, 'ledger of A')).toThrow();
  });

  test('does not open with any bit changed', () => {
    const sealed = master.seal(secret, 'p');
    for (let index = 0; index < sealed.ciphertext.length; index += 1) {
      const ciphertext = Uint8Array.from(sealed.ciphertext);
      ciphertext[index] = (ciphertext[index] ?? 0) ^ 1;
      expect(() => master.open({ ...sealed, ciphertext }, 'p')).toThrow();
    }
  });

  test.each([0, 4, 8, 12, 15])('does not open with a tag of %i bytes', (length) => {
    const sealed = master.seal(new Uint8Array(), 'p');
    const ciphertext = sealed.ciphertext.slice(0, length);
    expect(() => master.open({ ...sealed, ciphertext }, 'p')).toThrow(/tag/i);
  });

  test('is another one each time', () => {
    const [one, two] = [master.seal(secret, 'p'), master.seal(secret, 'p')];
    expect(one.nonce).not.toEqual(two.nonce);
    expect(one.ciphertext).not.toEqual(two.ciphertext);
  });
});

describe('the master key of a data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lapse-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is made once, however many servers start together, and is nobody else’s to read', async () => {
    const file = join(folder, 'data', 'master-key');
    const keys = await Promise.all(
      Array.from({ length: 20 }, () => loadMasterKey(undefined, file)),
    );
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'data'))).toEqual(['master-key']);
  });

  test('is refused where it is no key, and is never shown', async () => {
    const file = join(folder, 'master-key');
    writeFileSync(file, 'c2hvcnQ=');
    await expect(loadMasterKey(undefined, file)).rejects.toThrow(/base64 of 32 bytes/);
    const refusal = loadMasterKey('hunter2', file);
    await expect(refusal).rejects.toThrow(/LAPSE_MASTER_KEY/);
    await expect(refusal).rejects.not.toThrow(/hunter2/);
  });
});
