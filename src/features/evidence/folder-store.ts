import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isUnfinished, replaceFile } from '../../platform/backup-file/replaced-file.ts';
import { roomRefusal } from '../../platform/http/spooled-file.ts';
import type { FilePlace, FileStore } from './file-store.ts';
import { wholeBytes } from './stored-digest.ts';

const NEVER = new AbortController().signal;

/** Files of evidence below a folder of the data directory: `<tenant>/<first two digits>/<digest>`. */
export function folderStore(root: string): FileStore {
  const pathOf = ({ tenantId, digest }: FilePlace) =>
    join(root, tenantId, digest.slice(0, 2), digest);
  return {
    async put(place, { bytes }) {
      try {
        await mkdir(dirname(pathOf(place)), { recursive: true, mode: 0o700 });
        await replaceFile(pathOf(place), wholeBytes(bytes, place.digest), NEVER);
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
    async sweepUnfinished(before) {
      for (const tenant of await namesIn(root))
        for (const part of await namesIn(join(root, tenant)))
          await sweepFolder(join(root, tenant, part), before);
    },
    findProblem: async () => undefined,
  };
}

async function sweepFolder(folder: string, before: number): Promise<void> {
  for (const name of (await namesIn(folder)).filter(isUnfinished)) {
    const path = join(folder, name);
    const found = await stat(path).catch(unlessMissing);
    if (found && found.mtimeMs < before) await rm(path, { force: true });
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Opened once it is read, so that what is never read holds nothing open. */
async function* readFrom(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
