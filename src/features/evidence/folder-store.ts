import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../platform/backup-file/replaced-file.ts';
import { roomRefusal } from '../../platform/http/spooled-file.ts';
import type { FilePlace, FileStore } from './file-store.ts';

const NEVER = new AbortController().signal;

/** Files of evidence below a folder of the data directory: `<tenant>/<first two digits>/<digest>`. */
export function folderStore(root: string): FileStore {
  const folderOf = ({ tenantId, digest }: FilePlace) => join(root, tenantId, digest.slice(0, 2));
  const pathOf = (place: FilePlace) => join(folderOf(place), place.digest);
  return {
    async put(place, bytes) {
      try {
        await mkdir(folderOf(place), { recursive: true, mode: 0o700 });
        await replaceFile(pathOf(place), bytes, NEVER);
      } catch (error) {
        throw roomRefusal(error);
      }
    },
    async open(place) {
      const handle = await open(pathOf(place), 'r').catch(unlessMissing);
      if (!handle) return undefined;
      const { size } = await handle.stat();
      return { size, bytes: handle.createReadStream() };
    },
    remove: (place) => rm(pathOf(place), { force: true }),
  };
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
