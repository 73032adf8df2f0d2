import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KEY_BYTES, type MasterKey, parseMasterKey } from './secrets.ts';

/**
 * The master keys of `LAPSE_MASTER_KEY` and `LAPSE_MASTER_KEY_PREVIOUS`, else of a file (0600) that is
 * made at the first start. Replicas that share a database have to share the keys. Whoever goes by a file
 * sees at the next use that another key has come into it, without being started again.
 */
export async function loadMasterKey(
  fromEnvironment: string | undefined,
  file: string,
): Promise<MasterKey> {
  if (fromEnvironment !== undefined) return parseMasterKey(fromEnvironment, 'LAPSE_MASTER_KEY');
  await makeIfMissing(file);
  return watchedFile(file);
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
  const place = fromEnvironment === undefined ? file : 'LAPSE_MASTER_KEY';
  return { key: parseMasterKey(text, place), text };
}

/** A new key's text. */
export function newKeyText(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

function watchedFile(file: string): MasterKey {
  let seen = markOf(file);
  let keys = parseMasterKey(readFileSync(file, 'utf8'), file);
  // Asked at each use, which is rare: a secret must never be sealed under a key that is being retired.
  const current = (): MasterKey => {
    const mark = markOf(file);
    if (mark === undefined || mark === seen) return keys;
    keys = parseMasterKey(readFileSync(file, 'utf8'), file);
    seen = mark;
    return keys;
  };
  return {
    get keyId() {
      return current().keyId;
    },
    get keyIds() {
      return current().keyIds;
    },
    seal: (secret, purpose) => current().seal(secret, purpose),
    open: (sealed, purpose) => current().open(sealed, purpose),
  };
}

/** Differs whenever the file was replaced; undefined where it is gone, which takes no key away. */
function markOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino}/${found.mtimeNs}/${found.size}`;
}

async function makeIfMissing(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(fresh, `${newKeyText()}\n`, { mode: 0o600, flag: 'wx' });
    // A link appears whole and only once, so two servers that start together agree on one key.
    await link(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  await chmod(file, 0o600);
}
