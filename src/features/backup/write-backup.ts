import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { newHeader } from '../../platform/backup-file/backup-header.ts';
import { SealedChunks } from '../../platform/backup-file/sealed-chunks.ts';
import type { WholeTransaction } from '../../platform/db/whole-transaction.ts';
import type { SealedSecret } from '../../platform/secrets/secrets.ts';
import type { SecretRow } from '../../platform/secrets/stored-secrets.ts';
import { FRAME, frameHead, jsonFrame } from './frames.ts';
import type { BackupTable, BackupTenant, KeptFile, Manifest, StoredFile } from './manifest.ts';
import { CARRIED_TABLES } from './table-roles.ts';

/** Counts lines, and so rows: within a row COPY writes a line feed as `\n`. */
const LINE_FEED = 10;

/** What a backup is made of. */
export interface BackupSource {
  /** A read-only snapshot of all tenants; see {@link beginBackup}. */
  readonly tx: WholeTransaction;
  readonly manifest: Manifest;
  readonly files: readonly KeptFile[];
  /** The bytes of a file of evidence; `undefined` where it is gone or is not what its digest says. */
  readonly openStored: (file: StoredFile) => Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Is told of each file of evidence that could not be carried. */
  readonly onLostFile: (file: StoredFile) => void;
  /** Where it is to hold one tenant alone. */
  readonly only?: SingleTenant;
}

/** A tenant that is backed up by itself, with its secrets sealed under a key that is nobody else's. */
export interface SingleTenant {
  readonly tenantId: string;
  readonly reseal: (row: SecretRow) => SealedSecret;
}

/** How far a backup or a restore is with the rows of all tables. */
export interface RowProgress {
  readonly table: string;
  readonly rows: number;
  readonly total: number;
}

const OF_TENANT = '($1::text IS NULL OR tenant_id = $1)';

/** Opens the snapshot: read-only, and as the role that may read what is carried and nothing else. */
export const BACKUP_TRANSACTION = {
  name: 'lapse-backup',
  begin: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE lapse_backup',
};

/**
 * What the snapshot holds, counted in it.
 *
 * @param lapseVersion of this release
 * @param onlyTenant the tenant that alone is backed up
 */
export async function describeDatabase(
  tx: WholeTransaction,
  lapseVersion: string,
  onlyTenant?: string,
): Promise<Manifest> {
  const [database] = await tx.query<{ version: string; schema: string }>(
    `SELECT current_setting('server_version') AS version, max(name) AS schema FROM lapse.schema_migrations`,
  );
  const tables: BackupTable[] = [];
  for (const name of CARRIED_TABLES) {
    const [count] = await tx.query<{ rows: number }>(
      `SELECT count(*) AS rows FROM lapse.${escapeIdentifier(name)} WHERE ${OF_TENANT}`,
      [onlyTenant ?? null],
    );
    tables.push({ name, columns: await columnsOf(tx, name), rows: count?.rows ?? 0 });
  }
  const tenants = await tx.query<Omit<BackupTenant, 'root'> & { root: Buffer | null }>(
    `SELECT t.tenant_id, t.name, coalesce(h.size, 0) AS size, h.root,
       (SELECT count(*) FROM lapse.events e WHERE e.tenant_id = t.tenant_id) AS events
     FROM lapse.tenants t LEFT JOIN LATERAL (SELECT size, root FROM lapse.ledger_heads h
       WHERE h.tenant_id = t.tenant_id ORDER BY size DESC LIMIT 1) h ON true
     WHERE $1::text IS NULL OR t.tenant_id = $1
     ORDER BY t.created_at, t.tenant_id`,
    [onlyTenant ?? null],
  );
  return {
    lapse_version: lapseVersion,
    schema_version: database?.schema ?? '',
    created_at: new Date(await tx.now).toISOString(),
    postgres_version: database?.version ?? '',
    tenants: tenants.map((tenant) => ({
      ...tenant,
      root: tenant.root?.toString('base64') ?? null,
    })),
    tables,
  };
}

/** The columns that a table stores, those that the database generates by itself left out. */
export async function columnsOf(tx: WholeTransaction, table: string): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
     ORDER BY attnum`,
    [`lapse.${escapeIdentifier(table)}`],
  );
  return rows.map((row) => row.name);
}

/** The bytes of a backup: compressed, then sealed under the passphrase. */
export async function* backupBytes(
  source: BackupSource,
  passphrase: string,
  onProgress: (progress: RowProgress) => void,
): AsyncGenerator<Uint8Array> {
  const sealed = new SealedChunks(await newHeader(passphrase));
  const compressed = pipeline(frames(source, onProgress), createZstdCompress(), sealed);
  // A failure ends the stream that is read below, and is thrown there.
  compressed.catch(() => {});
  yield* sealed;
  await compressed;
}

async function* frames(
  source: BackupSource,
  onProgress: (progress: RowProgress) => void,
): AsyncGenerator<Buffer> {
  const { manifest, files } = source;
  yield jsonFrame(FRAME.manifest, manifest);
  for (const file of files) yield jsonFrame(FRAME.file, file);
  const total = totalRows(manifest);
  let rows = 0;
  for (const { name, columns } of manifest.tables) {
    yield jsonFrame(FRAME.table, { name });
    for await (const chunk of rowsOf(source, name, columns)) {
      yield frameHead(FRAME.rows, chunk.length);
      yield chunk;
      rows += linesIn(chunk);
      onProgress({ table: name, rows, total });
    }
  }
  yield* storedFrames(source);
  yield jsonFrame(FRAME.end, {});
}

/** A table's rows as COPY writes them. */
async function* rowsOf(
  { tx, only }: BackupSource,
  name: string,
  columns: readonly string[],
): AsyncGenerator<Buffer> {
  if (only === undefined) return yield* tx.copyOut(`COPY ${copyTarget(name, columns)} TO STDOUT`);
  const { tenantId, reseal } = only;
  if (name === 'secrets') {
    const rows = await tx.query<SecretRow>('SELECT * FROM lapse.secrets WHERE tenant_id = $1', [
      tenantId,
    ]);
    for (const row of rows) {
      const { keyId: key_id, nonce, ciphertext } = reseal(row);
      yield copyLine(columns, { ...row, key_id, nonce, ciphertext });
    }
    return;
  }
  const list = columns.map(escapeIdentifier).join(', ');
  const where = `tenant_id = ${escapeLiteral(tenantId)}`;
  yield* tx.copyOut(
    `COPY (SELECT ${list} FROM lapse.${escapeIdentifier(name)} WHERE ${where}) TO STDOUT`,
  );
}

/** A row of texts and bytes in the text format of COPY. */
function copyLine(columns: readonly string[], row: Readonly<Record<string, unknown>>): Buffer {
  const cells = columns.map((column) => {
    const value = row[column];
    if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString('hex')}`;
    const text = String(value);
    if (/[\\\t\n\r]/.test(text)) throw new Error(`${column} of a secret is no plain text`);
    return text;
  });
  return Buffer.from(`${cells.join('\t')}\n`);
}

const FILES_AT_ONCE = 1_000;

/** The files that events name. None of them is ever taken away, so that they are there as in the snapshot. */
async function* storedFrames({
  tx,
  openStored,
  onLostFile,
  only,
}: BackupSource): AsyncGenerator<Buffer> {
  let last: StoredFile = { tenant_id: '', digest: '' };
  for (;;) {
    const files = await tx.query<StoredFile>(
      `SELECT tenant_id, digest FROM lapse.stored_files
       WHERE kept_at IS NOT NULL AND (tenant_id, digest) > ($2, $3) AND ${OF_TENANT}
       ORDER BY tenant_id, digest LIMIT ${FILES_AT_ONCE}`,
      [only?.tenantId ?? null, last.tenant_id, last.digest],
    );
    for (const file of files) {
      const bytes = await openStored(file);
      if (!bytes) {
        onLostFile(file);
        continue;
      }
      yield jsonFrame(FRAME.stored, file);
      for await (const piece of bytes) {
        yield frameHead(FRAME.bytes, piece.length);
        yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      }
    }
    const next = files.at(-1);
    if (!next || files.length < FILES_AT_ONCE) return;
    last = next;
  }
}

/** `lapse."table" ("column", …)` */
export function copyTarget(table: string, columns: readonly string[]): string {
  return `lapse.${escapeIdentifier(table)} (${columns.map(escapeIdentifier).join(', ')})`;
}

/** Rows of all tables together. */
export function totalRows({ tables }: Manifest): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

/** Line feeds, and so rows, in a part of what COPY writes. */
export function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1))
    lines += 1;
  return lines;
}
