import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkpointFiles } from '../features/backup/known-checkpoints.ts';
import type { KeptFile, Manifest, StoredFile } from '../features/backup/manifest.ts';
import {
  BACKUP_TRANSACTION,
  type BackupSource,
  backupBytes,
  describeDatabase,
  type RowProgress,
  type SingleTenant,
} from '../features/backup/write-backup.ts';
import { isIntact } from '../features/evidence/stored-digest.ts';
import { replaceFile } from '../platform/backup-file/replaced-file.ts';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import { WholeTransaction } from '../platform/db/whole-transaction.ts';
import { newKeyText, readMasterKey } from '../platform/secrets/key-file.ts';
import { type MasterKey, parseMasterKey } from '../platform/secrets/secrets.ts';
import {
  countByKey,
  openRow,
  type SecretRow,
  sealRow,
} from '../platform/secrets/stored-secrets.ts';
import { reachForBackup } from './administered-database.ts';
import { ADMIN_TOKEN_FILE } from './administrator-token.ts';
import { evidenceStore } from './evidence-store.ts';
import { LAPSE_VERSION } from './version.ts';

/** What `lapse backup` is told. */
export interface BackupOptions {
  readonly config: Config;
  readonly secrets: ConfigSecrets;
  /** Where `lapse.config.yaml` lies. */
  readonly folder: string;
  /** The file to write; undefined for standard output. */
  readonly path: string | undefined;
  readonly passphrase: string;
  /** The tenant that is backed up by itself; all of them where none is named. */
  readonly tenant?: string | undefined;
  readonly progress: (text: string) => void;
  readonly onRows: (progress: RowProgress) => void;
  /** Stops it, leaving nothing behind. */
  readonly signal: AbortSignal;
}

/** A backup that was written whole. */
export interface WrittenBackup {
  readonly manifest: Manifest;
  /** Absolute; undefined for standard output. */
  readonly path: string | undefined;
  readonly bytes: number;
  /** Digests of files of evidence that were gone or altered, and so could not be carried. */
  readonly lostFiles: readonly string[];
}

/** Says in the data folder when the last backup succeeded, for those who watch over it. */
const LAST_BACKUP_FILE = 'last-backup.json';
/** The files beside the database whose text a backup carries as it is. */
export const MASTER_KEY_FILE = 'master-key';
export const CONFIG_FILE = 'lapse.config.yaml';

/** Backs up the register, whether or not a server runs on it. */
export async function backUp(options: BackupOptions): Promise<WrittenBackup> {
  const { config, secrets, progress } = options;
  const database = await reachForBackup(config, secrets, progress);
  try {
    const masterKey = await keyOf(config, secrets);
    // Before the snapshot is taken: whatever they were signed for is committed, and so in it.
    const checkpoints = await checkpointFiles(join(config.dataDir, 'checkpoints'));
    const tx = await WholeTransaction.begin(
      database.connection,
      BACKUP_TRANSACTION,
      options.signal,
    );
    try {
      const manifest = await describeDatabase(tx, LAPSE_VERSION, options.tenant);
      await assertUsable(tx, manifest, masterKey.key.keyIds);
      const { keyText, only } = await ownKey(options.tenant, masterKey);
      const files = [
        { name: MASTER_KEY_FILE, text: keyText },
        ...(only ? [] : await fileIfThere(ADMIN_TOKEN_FILE, config.dataDir)),
        ...(only ? [] : await fileIfThere(CONFIG_FILE, options.folder)),
        ...checkpoints.filter(({ name }) => !only || name.split('/')[1] === only.tenantId),
      ];
      const lost: StoredFile[] = [];
      const source = {
        ...{ tx, manifest, files },
        ...(only ? { only } : {}),
        openStored: storedReader(config),
        onLostFile: (file: StoredFile) => lost.push(file),
      };
      const written = await write(source, options);
      return { ...written, lostFiles: lost.map(({ digest }) => digest) };
    } finally {
      await tx.close();
    }
  } finally {
    await database.close();
  }
}

/**
 * One tenant goes out under a key of its own: the server's would open the secrets of all others in any
 * backup of them.
 */
async function ownKey(
  tenantId: string | undefined,
  { key, text }: { readonly key: MasterKey; readonly text: string },
): Promise<{ readonly keyText: string; readonly only?: SingleTenant }> {
  if (tenantId === undefined) return { keyText: text };
  const keyText = newKeyText();
  const fresh = parseMasterKey(keyText, 'a key that was made');
  const reseal = (row: SecretRow) => sealRow(row, openRow(row, key), fresh);
  return { keyText, only: { tenantId, reseal } };
}

async function keyOf({ dataDir }: Config, { masterKey }: ConfigSecrets) {
  const file = join(dataDir, MASTER_KEY_FILE);
  try {
    return await readMasterKey(masterKey, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ConfigurationError(
      `there is no ${file}, and without the master key a backup could not be used: set LAPSE_DATA or LAPSE_MASTER_KEY to what the server uses`,
    );
  }
}

/** Reads a file twice: what is not what its digest says must not take its place in a backup. */
function storedReader(config: Config): BackupSource['openStored'] {
  const store = evidenceStore(config);
  return async ({ tenant_id: tenantId, digest }) => {
    const place = { tenantId, digest };
    return (await isIntact(store, place)) ? (await store.open(place))?.bytes : undefined;
  };
}

async function write(source: BackupSource, options: BackupOptions) {
  const { config, passphrase, signal, onRows } = options;
  const content = backupBytes(source, passphrase, onRows);
  const { manifest } = source;
  let written: { path: string | undefined; bytes: number };
  if (options.path === undefined) {
    let bytes = 0;
    const counted = async function* () {
      for await (const chunk of content) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    await pipeline(counted(), process.stdout, { signal, end: false });
    written = { path: undefined, bytes };
  } else {
    written = await replaceFile(options.path, content, signal);
  }
  const last = {
    at: manifest.created_at,
    path: written.path ?? null,
    bytes: written.bytes,
    entries: manifest.tenants.reduce((sum, { events }) => sum + events, 0),
    lapse_version: LAPSE_VERSION,
  };
  // What holds one tenant is no backup of the register.
  if (options.tenant !== undefined) return { manifest, ...written };
  const text = Buffer.from(`${JSON.stringify(last, null, 2)}\n`);
  const note = join(config.dataDir, LAST_BACKUP_FILE);
  try {
    await replaceFile(note, [text], new AbortController().signal);
  } catch (error) {
    options.progress(
      `the backup is whole, but ${note} could not be written: ${(error as Error).message}`,
    );
  }
  return { manifest, ...written };
}

/** A backup that could not be used after a restore is refused now, while the key can still be found. */
async function assertUsable(
  tx: WholeTransaction,
  { tenants }: Manifest,
  keyIds: readonly string[],
): Promise<void> {
  if (tenants.length === 0)
    throw new ConfigurationError('there is nothing to back up: the database holds no such tenant');
  const [deletion] = await tx.query<{ on: boolean }>('SELECT lapse.deletion_is_under_way() AS on');
  if (deletion?.on)
    throw new ConfigurationError(
      'a tenant is being deleted at this moment, and half of it could not be restored: try again in some minutes',
    );
  const other = (await countByKey(tx)).find(({ keyId }) => !keyIds.includes(keyId));
  if (!other) return;
  throw new ConfigurationError(
    `the secrets in the database rest under master key ${other.keyId}, and ${keyIds.join(', ')} was given: set LAPSE_MASTER_KEY, or LAPSE_DATA, to what the server uses`,
  );
}

async function fileIfThere(name: string, folder: string): Promise<KeptFile[]> {
  try {
    return [{ name, text: await readFile(join(folder, name), 'utf8') }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
