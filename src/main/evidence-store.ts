import { join } from 'node:path';
import type { FileStore } from '../features/evidence/file-store.ts';
import { folderStore } from '../features/evidence/folder-store.ts';
import { s3Store } from '../features/evidence/s3-store.ts';
import type { Config } from '../platform/config/config.ts';

/** Where the files of evidence lie, as it is configured: a bucket, or a folder of the data directory. */
export function evidenceStore({ dataDir, s3 }: Pick<Config, 'dataDir' | 's3'>): FileStore {
  return s3 ? s3Store(s3) : folderStore(join(dataDir, 'evidence'));
}
