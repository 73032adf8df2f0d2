import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckpointStore, fileCheckpointStore } from '../../src/journal/checkpoint-store.ts';
import type { KeptNote } from '../../src/journal/verify-checkpoints.ts';
import type { Activity } from './schedule.ts';

/** A note that has left the database, and the epoch that it was signed in. */
export interface SeenNote extends KeptNote {
  readonly epoch: number;
}

/** The folder outside the database, and all that was ever kept in it. */
export class OutsideFolder {
  readonly folder: string;
  readonly #kept = new Map<string, SeenNote[]>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Every note that a tenant's ledger has ever let out, those included that others have replaced. */
  everKept(tenantId: string): readonly SeenNote[] {
    return this.#kept.get(tenantId) ?? [];
  }

  /** The product's own store in this folder, each call a step of an activity. */
  storeFor(activity: Activity): CheckpointStore {
    const files = fileCheckpointStore(this.folder);
    return {
      ...files,
      newestOfEach: async (tenantId) => {
        const words = 'reads the newest checkpoint outside';
        await activity.reach('before reading the checkpoint outside', words);
        return activity.step(() => files.newestOfEach(tenantId));
      },
      all: async (tenantId) => {
        const words = 'reads every checkpoint outside';
        await activity.reach('before reading the checkpoint outside', words);
        return activity.step(() => files.all(tenantId));
      },
      keep: async (tenantId, epoch, note, at) => {
        await activity.reach('before keeping a checkpoint outside', 'begins to write a checkpoint');
        const place = join(this.folder, tenantId);
        const before = await activity.step(() => filesIn(place));
        await this.#writeHalf(activity, place, note);
        await activity.step(() => files.keep(tenantId, epoch, note, at));
        const kept = this.#kept.get(tenantId) ?? [];
        kept.push({ name: `kept/${kept.length + 1}`, note, epoch });
        this.#kept.set(tenantId, kept);
        await this.#leaveReplaced(activity, place, before);
        const words = 'goes on after keeping a checkpoint';
        await activity.reach('after keeping a checkpoint outside', words);
      },
    };
  }

  /** A process that dies while it writes leaves a file under the name that only whole ones lose. */
  async #writeHalf(activity: Activity, place: string, note: string): Promise<void> {
    try {
      await activity.reach('while writing a checkpoint outside', 'keeps a checkpoint outside');
    } catch (error) {
      await mkdir(place, { recursive: true });
      const files = await readdir(place);
      await writeFile(join(place, `half-${files.length}.tmp`), note.slice(0, note.length / 2));
      throw error;
    }
  }

  /** One that dies right after it has named the new file leaves those that this one replaces. */
  async #leaveReplaced(
    activity: Activity,
    place: string,
    before: ReadonlyMap<string, string>,
  ): Promise<void> {
    try {
      const words = 'removes the checkpoints that this one replaces';
      await activity.reach('while replacing a checkpoint outside', words);
    } catch (error) {
      for (const [name, text] of before) await writeFile(join(place, name), text);
      throw error;
    }
  }
}

async function filesIn(place: string): Promise<ReadonlyMap<string, string>> {
  await mkdir(place, { recursive: true });
  const names = await readdir(place);
  const files = names.map(
    async (name) => [name, await readFile(join(place, name), 'utf8')] as const,
  );
  return new Map(await Promise.all(files));
}
