import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import type { z } from 'zod';
import { BackupFileError } from '../../platform/backup-file/backup-file-error.ts';
import { ByteSource } from '../../platform/backup-file/byte-source.ts';
import { openSealed } from '../../platform/backup-file/sealed-chunks.ts';
import { FRAME, type Frame, readFrame } from './frames.ts';
import {
  type BackupTable,
  type KeptFile,
  keptFileSchema,
  type Manifest,
  manifestSchema,
  type StoredFile,
  storedFileSchema,
} from './manifest.ts';

/** A backup whose beginning has been read: what it says of itself, and its small files. */
export interface OpenedBackup {
  readonly manifest: Manifest;
  readonly files: readonly KeptFile[];
  /**
   * The tables in turn, each with its rows as COPY takes them; a table's rows have to be read to
   * their end before the next one.
   */
  tables(): AsyncGenerator<{ readonly table: BackupTable; readonly rows: AsyncGenerator<Buffer> }>;
  /**
   * The files of evidence, after the tables, each with its bytes, which have to be read to their end
   * before the next one. Ends only where the backup is complete.
   */
  storedFiles(): AsyncGenerator<{
    readonly file: StoredFile;
    readonly bytes: AsyncGenerator<Buffer>;
  }>;
  close(): Promise<void>;
}

/**
 * Opens a backup. `passphrase` is asked for once the file turns out to be one.
 *
 * @throws BackupFileError, here and while its tables are read
 */
export async function openBackup(
  file: AsyncIterable<Uint8Array>,
  passphrase: () => Promise<string>,
): Promise<OpenedBackup> {
  const plain = Readable.from(await openSealed(file, passphrase));
  const unpacked = createZstdDecompress();
  // Handed on, so that what is wrong with the file is what the reader is told.
  plain.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
  const source = new ByteSource(unpacked);
  const close = async () => {
    plain.destroy();
    unpacked.destroy();
  };
  try {
    const first = await readFrame(source);
    const manifest = parse(first, FRAME.manifest, manifestSchema);
    const files: KeptFile[] = [];
    let next = await readFrame(source);
    for (; next.kind === FRAME.file; next = await readFrame(source))
      files.push(parse(next, FRAME.file, keptFileSchema));
    return { manifest, files, ...contentOf(source, manifest, next), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function contentOf(
  source: ByteSource,
  manifest: Manifest,
  first: Frame,
): Pick<OpenedBackup, 'tables' | 'storedFiles'> {
  let next = first;
  async function* partsOf(kind: number): AsyncGenerator<Buffer> {
    for (next = await readFrame(source); next.kind === kind; next = await readFrame(source))
      yield next.bytes;
  }
  return {
    async *tables() {
      for (const table of manifest.tables) {
        if (next.kind !== FRAME.table) throw unlike('its tables are not those that it announces');
        yield { table, rows: partsOf(FRAME.rows) };
      }
    },
    async *storedFiles() {
      while (next.kind === FRAME.stored) {
        const file = parse(next, FRAME.stored, storedFileSchema);
        yield { file, bytes: partsOf(FRAME.bytes) };
      }
      // The last chunk is authenticated as the last one before its bytes are given.
      if (next.kind !== FRAME.end || !(await source.isAtEnd()))
        throw unlike('it does not end where it should');
    },
  };
}

function parse<T extends z.ZodType>({ kind, bytes }: Frame, wanted: number, schema: T) {
  const read = kind === wanted ? schema.safeParse(JSON.parse(bytes.toString('utf8'))) : undefined;
  if (!read?.success) throw unlike('its content is not that of a backup of this format');
  return read.data;
}

/** It was sealed under the passphrase, so that whoever wrote it is to blame, not its way here. */
function unlike(message: string): BackupFileError {
  return new BackupFileError('not-a-backup', message);
}
