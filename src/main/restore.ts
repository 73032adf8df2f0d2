import { join } from 'node:path';
import { Readable } from 'node:stream';
import { epochOfOrigin } from '../domain/ledger/epoch.ts';
import { assertEmpty } from '../features/backup/empty-database.ts';
import { checkpointsOf, originOf } from '../features/backup/known-checkpoints.ts';
import type { OpenedBackup } from '../features/backup/read-backup.ts';
import {
  type RestoredTenant,
  type RestoreOptions,
  type RestoreProgress,
  restoreBackup,
} from '../features/backup/restore-backup.ts';
import type { FileStore } from '../features/evidence/file-store.ts';
import { makeReadOnly } from '../features/tenants/tenant-service.ts';
import {
  checkpointName,
  fileCheckpointStore,
  putBackCheckpoint,
} from '../journal/checkpoint-store.ts';
import { findLedgerKeys, type LedgerKeys } from '../journal/ledger-key.ts';
import type { KeptNote } from '../journal/verify-checkpoints.ts';
import { BackupFileError } from '../platform/backup-file/backup-file-error.ts';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import { holdMigrations, migrationNames, rebuildSchema } from '../platform/db/migrate.ts';
import { ensureLogin } from '../platform/db/roles.ts';
import { WholeTransaction } from '../platform/db/whole-transaction.ts';
import { spool } from '../platform/http/spooled-file.ts';
import { reachForRestore } from './administered-database.ts';
import { migrationsFolder } from './database-setup.ts';
import { evidenceStore } from './evidence-store.ts';
import { RestoredFiles } from './restored-files.ts';
import { STREAM_KINDS } from './stream-kinds.ts';

/** What `lapse restore` is told. */
export interface RestoreCommand {
  readonly config: Config;
  readonly secrets: ConfigSecrets;
  /** Where `lapse.config.yaml` belongs. */
  readonly folder: string;
  readonly backup: OpenedBackup;
  /** Checkpoints that people have kept elsewhere. */
  readonly checkpoints: readonly KeptNote[];
  readonly progress: (text: string) => void;
  readonly onProgress: (progress: RestoreProgress) => void;
  /** Stops it, leaving nothing behind. */
  readonly signal: AbortSignal;
}

/** A restore that was verified and committed. */
export interface RestoredBackup {
  readonly tenants: readonly RestoredTenant[];
  /** Where the backup's configuration was put, if it had any. */
  readonly configFile: { readonly path: string; readonly isBeside: boolean } | undefined;
}

/** A backup holds what was small enough to be uploaded. */
const ANY_SIZE = { bytes: Number.MAX_SAFE_INTEGER, of: 'a file of a backup', mend: '' };
const TRANSACTION = { name: 'lapse-restore', begin: 'BEGIN' };

/**
 * Restores a backup into an empty database: all of it in one transaction, so that a server sees a
 * verified register or none. What it puts into the data folder is taken away again where it fails.
 */
export async function restore(command: RestoreCommand): Promise<RestoredBackup> {
  const { config, secrets, backup, progress, signal } = command;
  await assertKnownVersion(backup);
  const files = new RestoredFiles(config.dataDir, command.folder);
  await files.assertMasterKey(backup.files, secrets.masterKey);
  const database = await reachForRestore(config, secrets, progress);
  try {
    signal.throwIfAborted();
    const tx = await WholeTransaction.begin(database.connection, TRANSACTION, signal);
    try {
      await holdMigrations(tx.client);
      await assertEmpty(tx);
      const tenants = await load(tx, command, files);
      await tx.query('RESET ROLE');
      for (const login of database.logins) await ensureLogin(tx.client, login);
      // Before the commit: a register whose keys are not there must not be seen.
      const configFile = await files.put(backup.files, secrets.masterKey !== undefined);
      await keepCheckpoints(files, command, tenants);
      signal.throwIfAborted();
      await tx.commit();
      files.keep();
      return { tenants, configFile };
    } finally {
      await tx.close();
    }
  } finally {
    await files.takeAway();
    await database.close();
  }
}

/** The schema grows forward only: a later one cannot be brought back to this release's. */
async function assertKnownVersion({ manifest }: OpenedBackup): Promise<void> {
  const { schema_version: version, lapse_version: release } = manifest;
  if ((await migrationNames(migrationsFolder())).includes(version)) return;
  throw new BackupFileError(
    'newer-format',
    `it was made by Lapse ${release}, whose database is at ${version}, which this release does not know`,
  );
}

async function load(
  tx: WholeTransaction,
  command: RestoreCommand,
  files: RestoredFiles,
): Promise<RestoredTenant[]> {
  const { config, backup, checkpoints: named, signal } = command;
  const store = fileCheckpointStore(join(config.dataDir, 'checkpoints'));
  const carried = checkpointsOf(backup.files);
  const used = new Set<KeptNote>();
  const tenants = await restoreBackup({
    tx,
    backup,
    kinds: STREAM_KINDS,
    prepareSchema: (upTo) => rebuildSchema(tx.client, migrationsFolder(), upTo),
    async notesOf(tenantId) {
      const ledger = await findLedgerKeys(tx, tenantId);
      const own = named.filter(({ note }) => ledger && isOfLedger(ledger, originOf(note)));
      for (const note of own) used.add(note);
      return [
        ...carried.filter((each) => each.tenantId === tenantId),
        ...(await store.all(tenantId)),
        ...own,
      ].filter(isFirst);
    },
    putStored: putStoredFile(evidenceStore(config), files),
    async markOlder(tenantId, detail) {
      await makeReadOnly(tx, tenantId, detail);
      await tx.flush();
    },
    onProgress: (progress) => {
      signal.throwIfAborted();
      command.onProgress(progress);
    },
  });
  const stray = named.find((note) => !used.has(note));
  if (!stray) return tenants;
  throw new ConfigurationError(
    `${stray.name} is no checkpoint of a ledger in this backup: ${originOf(stray.note) ?? 'it is no checkpoint at all'}`,
  );
}

/**
 * What is there already by its digest stays; what is put is taken away again where the restore fails.
 * On the disk first: the store is given nothing that is not what its digest says.
 */
function putStoredFile(store: FileStore, files: RestoredFiles): RestoreOptions['putStored'] {
  return async ({ tenant_id: tenantId, digest }, bytes) => {
    const place = { tenantId, digest };
    const file = await spool(Readable.from(bytes), ANY_SIZE);
    try {
      const found = Buffer.from(file.sha256).toString('hex');
      if (found !== digest) return found;
      const isNew = (await store.open(place)) === undefined;
      await store.put(place, { size: file.size, bytes: file.read() });
      if (isNew) files.undoBy(() => store.remove(place));
      return found;
    } finally {
      await file.close();
    }
  };
}

/** The same note is kept in several places. */
function isFirst({ note }: KeptNote, at: number, all: readonly KeptNote[]): boolean {
  return all.findIndex((each) => each.note === note) === at;
}

/** Whether a log is this ledger in one of its epochs, or in one that was opened after the backup. */
function isOfLedger({ keys }: LedgerKeys, origin: string | undefined): boolean {
  if (origin === undefined) return false;
  return epochOfOrigin(keys[0].origin, origin) !== undefined;
}

/**
 * Puts the backup's checkpoints back, and one that was named and is later than the ledger: by it
 * every server knows that the ledger is not to be gone on with.
 */
async function keepCheckpoints(
  files: RestoredFiles,
  { config, backup, checkpoints: named }: RestoreCommand,
  tenants: readonly RestoredTenant[],
): Promise<void> {
  const folder = join(config.dataDir, 'checkpoints');
  for (const { tenantId, name, note } of checkpointsOf(backup.files))
    files.created(await putBackCheckpoint(folder, tenantId, name, note));
  for (const { tenant, later } of tenants) {
    const note = named.find(({ name }) => name === later?.name)?.note;
    if (!later || note === undefined) continue;
    const name = checkpointName(later.epoch, later.size, new Date().toISOString());
    files.created(await putBackCheckpoint(folder, tenant.tenant_id, name, note));
  }
}
