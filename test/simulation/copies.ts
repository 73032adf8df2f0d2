import type pg from 'pg';
import { claimOf } from '../../src/domain/ledger/epoch.ts';
import type { SeenNote } from './simulated-checkpoints.ts';
import type { World } from './world.ts';

/** What is known of a copy when it is taken. */
interface Copy {
  /** Events in it, and those of them that are in the tree. */
  readonly events: number;
  readonly leaves: number;
  /** Epochs that were opened until then, and the number of the newest. */
  readonly epochs: number;
  readonly newestEpoch: number;
  /** Notes that had left the database until then. */
  readonly kept: number;
  /** Requests whose answers had been heard. */
  readonly acknowledged: ReadonlySet<number>;
}

// Whatever tables there are: all that hold a tenant's rows.
const TABLES = `SELECT c.table_name AS name FROM information_schema.columns c
  JOIN information_schema.tables t USING (table_schema, table_name)
  WHERE c.table_schema = 'lapse' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE'
  ORDER BY c.table_name`;

const COUNTS = `SELECT (SELECT count(*)::int FROM copied.events WHERE tenant_id = $1) AS events,
  (SELECT count(*)::int FROM copied.ledger_leaves WHERE tenant_id = $1) AS leaves`;

/**
 * Copies of one tenant's rows, and what has to follow when one is put back: a ledger that lost what
 * was signed must be found out, and may have one epoch more.
 */
export class Copies {
  readonly #admin: pg.Client;
  readonly #tables: readonly string[];
  readonly #copies = new Map<string, Copy>();
  /** Epochs that may have been opened by now, by tenant. */
  readonly #epochs = new Map<string, number>();

  private constructor(admin: pg.Client, tables: readonly string[]) {
    this.#admin = admin;
    this.#tables = tables;
  }

  static async prepare(admin: pg.Client): Promise<Copies> {
    const { rows } = await admin.query<{ name: string }>(TABLES);
    const tables = rows.map(({ name }) => name);
    const made = tables.map((name) => `CREATE TABLE copied.${name} (LIKE lapse.${name});`);
    await admin.query(
      `DROP SCHEMA IF EXISTS copied CASCADE; CREATE SCHEMA copied; ${made.join('\n')}`,
    );
    return new Copies(admin, tables);
  }

  /** Whether there is one that could be put back. */
  has(tenantId: string): boolean {
    return this.#copies.has(tenantId);
  }

  /** Whether entries were signed that the copy does not have. */
  isOld({ outside }: World, tenantId: string): boolean {
    const copy = this.#copies.get(tenantId);
    return copy !== undefined && isLost(copy, outside.everKept(tenantId).slice(copy.kept));
  }

  /** Epochs that may have been opened: one for each time that a ledger has lost what was signed. */
  allowedEpochs(tenantId: string): number {
    return this.#epochs.get(tenantId) ?? 0;
  }

  /** Whether a ledger has lost what was signed, and nobody has opened an epoch since. */
  hasDiverged({ mirror }: World, tenantId: string): boolean {
    return mirror.epochsOf(tenantId) < this.allowedEpochs(tenantId);
  }

  /** Takes a copy of a tenant as it stands; of each there is one at a time. */
  async take({ mirror, outside, intents }: World, tenantId: string): Promise<void> {
    await this.#move('lapse', 'copied', tenantId);
    const { rows } = await this.#admin.query<Pick<Copy, 'events' | 'leaves'>>(COUNTS, [tenantId]);
    const heard = [...intents.values()].filter(({ acknowledged }) => acknowledged);
    this.#copies.set(tenantId, {
      events: rows[0]?.events ?? 0,
      leaves: rows[0]?.leaves ?? 0,
      epochs: mirror.epochsOf(tenantId),
      newestEpoch: mirror.newestEpochOf(tenantId),
      kept: outside.everKept(tenantId).length,
      acknowledged: new Set(heard.map(({ number }) => number)),
    });
  }

  /**
   * Puts it back, as the database's owner could, while nothing runs: what came after it is gone, and
   * nobody repeats what they had sent since.
   */
  async putBack(world: World, tenantId: string): Promise<void> {
    const copy = this.#copies.get(tenantId);
    if (!copy) throw new Error('there is no copy');
    const since = world.outside.everKept(tenantId).slice(copy.kept);
    const sizes = since.map(sizeOf);
    const loses = isLost(copy, since);
    // Signed is what the copy holds and its tree has yet to take in: what has diverged for a moment
    // only is nobody's to say.
    if (!loses && sizes.some((size) => size > copy.leaves)) return;
    await this.#move('copied', 'lapse', tenantId);
    world.mirror.rewind(tenantId);
    world.cloud.rewind(tenantId);
    for (const [number, { wish }] of world.intents)
      if (wish.tenantId === tenantId && !copy.acknowledged.has(number))
        world.intents.delete(number);
    this.#epochs.set(tenantId, copy.epochs + (loses ? 1 : 0));
    world.count(loses ? 'copies put back: signed entries lost' : 'copies put back: nothing lost');
    world.commits.count += 1;
  }

  async #move(from: string, to: string, tenantId: string): Promise<void> {
    const id = `'${tenantId}'`;
    const statements = this.#tables.map(
      (table) => `DELETE FROM ${to}.${table} WHERE tenant_id = ${id};
        INSERT INTO ${to}.${table} OVERRIDING SYSTEM VALUE
          SELECT * FROM ${from}.${table} WHERE tenant_id = ${id};`,
    );
    // As pg_restore does it: no foreign key is looked at meanwhile.
    await this.#admin.query(
      `BEGIN; SET LOCAL session_replication_role = replica; ${statements.join('\n')} COMMIT`,
    );
  }
}

/** Whether a copy lacks anything of what has left the database since. */
function isLost({ newestEpoch, events }: Copy, since: readonly SeenNote[]): boolean {
  return since.some((seen) => seen.epoch > newestEpoch || sizeOf(seen) > events);
}

function sizeOf({ note }: SeenNote): number {
  return claimOf(note)?.size ?? 0;
}
