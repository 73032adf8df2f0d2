import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptFile } from '../features/backup/manifest.ts';
import { ConfigurationError } from '../platform/config/config.ts';
import { parseMasterKey } from '../platform/secrets/secrets.ts';
import { ADMIN_TOKEN_FILE } from './administrator-token.ts';
import { CONFIG_FILE, MASTER_KEY_FILE } from './backup.ts';

/**
 * What a restore puts beside the database. It writes over nothing, and takes away again what it has
 * put where the restore fails.
 */
export class RestoredFiles {
  readonly #dataDir: string;
  readonly #folder: string;
  #undone: (() => Promise<void>)[] = [];

  /** `folder` is where `lapse.config.yaml` belongs. */
  constructor(dataDir: string, folder: string) {
    this.#dataDir = dataDir;
    this.#folder = folder;
  }

  /**
   * Refuses to restore beside another master key than the backup's: its secrets could not be opened.
   *
   * @throws ConfigurationError
   */
  async assertMasterKey(files: readonly KeptFile[], fromEnvironment?: string): Promise<void> {
    const place = join(this.#dataDir, MASTER_KEY_FILE);
    const there = fromEnvironment ?? (await readOrNothing(place));
    const carried = textOf(files, MASTER_KEY_FILE);
    if (there === undefined || carried === undefined) return;
    const name = fromEnvironment === undefined ? place : 'LAPSE_MASTER_KEY';
    const { keyId: theirs, keyIds } = parseMasterKey(carried, 'the backup');
    const known = parseMasterKey(there, name).keyIds;
    if (keyIds.every((keyId) => known.includes(keyId))) return;
    throw new ConfigurationError(
      fromEnvironment === undefined
        ? `${place} is another key than the backup's (${theirs}): set LAPSE_DATA to a folder that is new`
        : `LAPSE_MASTER_KEY is another key than the backup's (${theirs}): set it to that one, or unset it, and the backup's is put into the data folder`,
    );
  }

  /**
   * Puts the keys into the data folder and the configuration where it belongs, or beside the data
   * where another one lies there. Answers where the configuration was put.
   */
  async put(files: readonly KeptFile[], hasKeyElsewhere: boolean) {
    await mkdir(this.#dataDir, { recursive: true, mode: 0o700 });
    const kept = hasKeyElsewhere ? [ADMIN_TOKEN_FILE] : [MASTER_KEY_FILE, ADMIN_TOKEN_FILE];
    for (const name of kept) {
      const text = textOf(files, name);
      if (text !== undefined) await this.#write(join(this.#dataDir, name), `${text.trim()}\n`);
    }
    const config = textOf(files, CONFIG_FILE);
    if (config === undefined) return undefined;
    const place = join(this.#folder, CONFIG_FILE);
    const there = await readOrNothing(place);
    if (there === config) return undefined;
    const isBeside = there !== undefined;
    const path = isBeside ? join(this.#dataDir, `restored-${CONFIG_FILE}`) : place;
    await this.#write(path, config);
    return { path, isBeside };
  }

  /** Notes a file that was made; undefined for one that was there already. */
  created(path: string | undefined): void {
    if (path !== undefined) this.undoBy(() => rm(path, { force: true }));
  }

  /** Notes how to take away again what was put elsewhere. */
  undoBy(undo: () => Promise<void>): void {
    this.#undone.push(undo);
  }

  /** From now on they stay. */
  keep(): void {
    this.#undone = [];
  }

  /** Takes away what was put and not kept. */
  async takeAway(): Promise<void> {
    for (const undo of this.#undone) await undo();
  }

  /** Whole, and only where nothing is. */
  async #write(path: string, text: string): Promise<void> {
    const fresh = `${path}.${process.pid}.tmp`;
    try {
      await writeFile(fresh, text, { mode: 0o600, flush: true });
      await link(fresh, path);
      this.created(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await rm(fresh, { force: true });
    }
  }
}

function textOf(files: readonly KeptFile[], name: string): string | undefined {
  return files.find((file) => file.name === name)?.text;
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
