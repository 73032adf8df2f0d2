import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../platform/backup-file/replaced-file.ts';
import { roomRefusal } from '../../platform/http/spooled-file.ts';
import type { FilePlace, FileStore } from './file-store.ts';

const NEVER = new AbortController().signal;

/** Files of evidence below a folder of the data directory: `<tenant>/<first two digits>/<digest>`. */
export function folderStore(root: string): FileStore {
  const pathOf = (place: FilePlace) => storedPath(root, place);
  return {
    async put(place, bytes) {
      try {
        await mkdir(dirname(pathOf(place)), { recursive: true, mode: 0o700 });
        await replaceFile(pathOf(place), bytes, NEVER);
      } catch (error) {
        throw roomRefusal(error);
      }
    },
    async open(place) {
      const path = pathOf(place);
      const found = await stat(path).catch(unlessMissing);
      return found && { size: found.size, bytes: readFrom(path) };
    },
    remove: (place) => rm(pathOf(place), { force: true }),
  };
}

/** Where a file lies below the root. */
export function storedPath(root: string, { tenantId, digest }: FilePlace): string {
  return join(root, tenantId, digest.slice(0, 2), digest);
}

/** Opened once it is read, so that what is never read holds nothing open. */
async function* readFrom(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
