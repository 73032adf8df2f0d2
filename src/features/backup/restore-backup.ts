import { pipeline } from 'node:stream/promises';
import { escapeIdentifier } from 'pg';
import { rebuildProjections } from '../../journal/rebuild-projections.ts';
import type { AnyStreamKind } from '../../journal/stream.ts';
import type { KeptNote } from '../../journal/verify-checkpoints.ts';
import { type VerificationResult, verifySnapshot } from '../../journal/verify-ledger.ts';
import { BackupFileError } from '../../platform/backup-file/backup-file-error.ts';
import type { WholeTransaction } from '../../platform/db/whole-transaction.ts';
import { type KnownCheckpoints, sortCheckpoints } from './known-checkpoints.ts';
import type { BackupTable, BackupTenant, StoredFile } from './manifest.ts';
import type { OpenedBackup } from './read-backup.ts';
import { columnsOf, copyTarget, linesIn, type RowProgress, totalRows } from './write-backup.ts';

/** What a restore is doing: loading rows, folding events into the register, or verifying. */
export type RestoreProgress =
  | ({ readonly step: 'load' } & RowProgress)
  | {
      readonly step: 'rebuild' | 'verify';
      /** Its name. */
      readonly tenant: string;
      readonly entries: number;
      readonly total: number;
    };

/** What a restore needs. */
export interface RestoreOptions {
  /** Not committed here. Everything happens in it, so that leaving it undoes everything. */
  readonly tx: WholeTransaction;
  readonly backup: OpenedBackup;
  readonly kinds: readonly AnyStreamKind[];
  /** Brings an empty schema to the backup's version; what it answers brings it to this release's. */
  readonly prepareSchema: (upTo: string) => Promise<() => Promise<void>>;
  /** A tenant's checkpoints outside the database: the backup's, the data folder's, those named. */
  readonly notesOf: (tenantId: string) => Promise<readonly KeptNote[]>;
  /** Puts a file of evidence where it belongs; answers its SHA-256, in hexadecimal digits. */
  readonly putStored: (file: StoredFile, bytes: AsyncIterable<Uint8Array>) => Promise<string>;
  /** Makes a tenant read-only, with the reason. */
  readonly markOlder: (tenantId: string, detail: string) => Promise<void>;
  readonly onProgress: (progress: RestoreProgress) => void;
}

/** A tenant that was restored, and what verification found. */
export interface RestoredTenant {
  readonly tenant: BackupTenant;
  readonly verification: Omit<VerificationResult, 'seconds'>;
  /** A checkpoint that was signed for more entries than these: the backup is older than it. */
  readonly later: KnownCheckpoints['later'];
}

/** A backup whose ledger is not whole. Nothing of it may be kept. */
export class BackupUnverifiedError extends Error {
  override readonly name = 'BackupUnverifiedError';
  readonly tenant: BackupTenant;
  readonly verification: RestoredTenant['verification'];

  constructor(tenant: BackupTenant, verification: RestoredTenant['verification']) {
    super(`the ledger of tenant ${tenant.name} in the backup does not verify`);
    this.tenant = tenant;
    this.verification = verification;
  }
}

/**
 * Loads a backup into an empty database, makes the projections anew and verifies every tenant's
 * ledger, all of it in the caller's transaction.
 *
 * @throws BackupFileError, BackupUnverifiedError
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoredTenant[]> {
  const { tx, backup, prepareSchema } = options;
  const { manifest } = backup;
  const finishSchema = await prepareSchema(manifest.schema_version);
  const total = totalRows(manifest);
  let rows = 0;
  for await (const { table, rows: chunks } of backup.tables()) {
    await loadTable(tx, table, chunks, (lines) => {
      rows += lines;
      options.onProgress({ step: 'load', table: table.name, rows, total });
    });
  }
  for await (const { file, bytes } of backup.storedFiles()) {
    if ((await options.putStored(file, bytes)) !== file.digest)
      throw new BackupFileError('altered', `the file ${file.digest} is not what its digest says`);
  }
  await finishSchema();
  // Without it the planner takes every table for an empty one.
  for (const { name } of manifest.tables) await tx.query(`ANALYZE lapse.${escapeIdentifier(name)}`);
  const restored: RestoredTenant[] = [];
  for (const tenant of manifest.tenants) restored.push(await restoreTenant(tenant, options));
  return restored;
}

async function loadTable(
  tx: WholeTransaction,
  { name, columns, rows }: BackupTable,
  chunks: AsyncGenerator<Buffer>,
  onLines: (lines: number) => void,
): Promise<void> {
  const known = new Set(await columnsOf(tx, name));
  const unknown = columns.filter((column) => !known.has(column));
  if (known.size === 0 || unknown.length > 0) {
    const what = known.size === 0 ? `table ${name}` : `column ${name}.${unknown[0]}`;
    throw new BackupFileError('newer-format', `it holds a ${what}, which this release lacks`);
  }
  let loaded = 0;
  const counted = async function* () {
    for await (const chunk of chunks) {
      yield chunk;
      const lines = linesIn(chunk);
      loaded += lines;
      onLines(lines);
    }
  };
  await pipeline(counted(), tx.copyIn(`COPY ${copyTarget(name, columns)} FROM STDIN`));
  if (loaded !== rows)
    throw new BackupFileError(
      'altered',
      `it announces ${rows} rows of ${name} and holds ${loaded}`,
    );
  await advanceIdentities(tx, name);
}

/** What the database numbers by itself goes on after the numbers that were loaded. */
async function advanceIdentities(tx: WholeTransaction, table: string): Promise<void> {
  const place = `lapse.${escapeIdentifier(table)}`;
  const columns = await tx.query<{ name: string }>(
    "SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attidentity <> ''",
    [place],
  );
  for (const { name } of columns) {
    const [row] = await tx.query<{ last: number | null }>(
      `SELECT max(${escapeIdentifier(name)}) AS last FROM ${place}`,
    );
    if (row?.last == null) continue;
    await tx.query('SELECT setval(pg_get_serial_sequence($1, $2), $3)', [place, name, row.last]);
  }
}

async function restoreTenant(
  tenant: BackupTenant,
  { tx, kinds, notesOf, markOlder, onProgress }: RestoreOptions,
): Promise<RestoredTenant> {
  const { tenant_id: tenantId, name, size, events: total } = tenant;
  await rebuildProjections(tx, tenantId, kinds, (entries) =>
    onProgress({ step: 'rebuild', tenant: name, entries, total }),
  );
  const { covered, later } = await sortCheckpoints(tx, tenantId, size, await notesOf(tenantId));
  // What verification sets for its own reading ends with it.
  await tx.query('SAVEPOINT verification');
  const verification = await verifySnapshot(tx, await tx.beside(), {
    tenantId,
    kinds,
    settled: { outside: covered, waitedBefore: [], problem: undefined },
    onProgress: ({ entries }) => onProgress({ step: 'verify', tenant: name, entries, total }),
  });
  await tx.query('ROLLBACK TO SAVEPOINT verification');
  if (!verification.ok) throw new BackupUnverifiedError(tenant, verification);
  if (verification.size !== size || (size > 0 && verification.root !== tenant.root))
    throw new BackupFileError('altered', 'its ledger is not the one that it announces');
  if (later) await markOlder(tenantId, shortfall(later, verification));
  return { tenant, verification, later };
}

function shortfall(
  { epoch, size: signed, isOfLaterEpoch }: NonNullable<KnownCheckpoints['later']>,
  { size }: RestoredTenant['verification'],
): string {
  return isOfLaterEpoch
    ? `a restored backup is from before epoch ${epoch} of the ledger, in which ${signed} entries were signed`
    : `a restored backup has ${size} of the ${signed} entries that were signed before`;
}
