import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { fastFolder } from '../../test/support/fast-folder.ts';
import { fully } from '../../test/support/fully.ts';
import { createTestRegister, type TestRegister } from '../../test/support/test-register.ts';
import { CLOCK } from '../domain/access/actor.ts';
import { TokenService } from '../features/identity/token-service.ts';
import { STREAM_KINDS } from '../main/stream-kinds.ts';
import { type CheckpointStore, fileCheckpointStore } from './checkpoint-store.ts';
import { sequence } from './sequencer.ts';
import { type Life, manyLives, recordLives, wholeLife } from './verify-ledger.fixture.ts';
import { type LedgerToVerify, type VerificationResult, verifyLedger } from './verify-ledger.ts';
import { settleLedger } from './verify-settled.ts';

const TABLES = [
  'tokens',
  'delegations',
  'tenant_standings',
  'events',
  'event_payloads',
  'ledger_pending',
  'ledger_leaves',
  'ledger_nodes',
  'ledger_heads',
  'ledger_checkpoints',
  'ledger_keys',
  'ledger_epochs',
  'exceptions',
  'exception_search',
  'exception_services',
  'exception_owners',
  'exception_policy_refs',
  'exception_awaited_roles',
  'exception_chain_places',
  'exception_deadlines',
  'exception_link_work',
  'grant_work',
  'findings',
  'finding_work',
  'exception_count_deltas',
  'exception_counts',
];

/** Where an entry stands. */
export interface EntryPlace {
  readonly index: number;
  readonly eventId: string;
}

/** A register with a signed ledger, and whoever owns its database, who may change anything. */
export class TamperedRegister {
  readonly register: TestRegister;
  readonly checkpoints: CheckpointStore;
  /** Folder of the tenant's checkpoints outside the database. */
  readonly folder: string;
  /** Records whose whole life is in the ledger, in the order of their entries. */
  readonly lives: readonly Life[];
  /** Size at the first checkpoint, and at the newest. */
  readonly signedAt: readonly [number, number];
  readonly #admin: pg.Pool;
  readonly #place: string;

  private constructor(parts: {
    register: TestRegister;
    admin: pg.Pool;
    place: string;
    lives: readonly Life[];
    signedAt: readonly [number, number];
  }) {
    this.register = parts.register;
    this.lives = parts.lives;
    this.signedAt = parts.signedAt;
    this.#admin = parts.admin;
    this.#place = parts.place;
    this.checkpoints = fileCheckpointStore(parts.place);
    this.folder = join(parts.place, parts.register.tenantId);
  }

  /** Streams of every kind and status, two checkpoints, and more than a tile of entries. */
  static async create(): Promise<TamperedRegister> {
    const register = await createTestRegister();
    const { db, tenantId } = register;
    const place = mkdtempSync(join(fastFolder(), 'lapse-verify-'));
    const admin = new pg.Pool({ ...register.admin, max: 1 });
    // The database is dropped under whoever is still connected.
    admin.on('error', () => {});
    const lives = manyLives(20);
    const tokens = new TokenService(db, () => {});
    const principal = { ...fully(tenantId), actor: { ...CLOCK, role: 'administrator' as const } };
    const { token } = await tokens.create(principal, { name: 'Ci', role: 'requestor' });
    await tokens.create(principal, { name: 'Ann', role: 'approver', email: 'ann@example.com' });
    await recordLives(db, tenantId, lives);
    const parts = { register, admin, place, lives };
    const before = new TamperedRegister({ ...parts, signedAt: [0, 0] });
    await before.sequence();
    const first = await before.size();
    await tokens.revoke(principal, token.token_id);
    for (let length = 1; length <= wholeLife().length; length += 1)
      await recordLives(db, tenantId, manyLives(1, length));
    await before.sequence();
    return new TamperedRegister({ ...parts, signedAt: [first, await before.size()] });
  }

  get tenantId(): string {
    return this.register.tenantId;
  }

  async close(): Promise<void> {
    await this.#admin.end();
    await this.register.drop();
    rmSync(this.#place, { recursive: true, force: true });
  }

  /** The name of the newest note outside the database. */
  async newestNote(): Promise<string> {
    return (await this.checkpoints.all(this.tenantId)).at(-1)?.name ?? '';
  }

  /** Runs SQL as the owner of everything. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#admin.query<Row>(text, values)).rows;
  }

  sequence(): Promise<number> {
    const { db, master } = this.register;
    const onDiverged = async () => {};
    return sequence({ db, master, checkpoints: this.checkpoints, onDiverged }, this.tenantId);
  }

  /**
   * Verifies as the server does. `settle` takes the place of what comes before the snapshot, where
   * `changes` say what came of it.
   */
  async verify(
    changes: Partial<LedgerToVerify> = {},
    settle?: () => Promise<unknown>,
  ): Promise<VerificationResult> {
    const { db, application: connection } = this.register;
    const { checkpoints, tenantId } = this;
    const ledger = { db, checkpoints, sequence: () => this.sequence() };
    const settled = { outside: [], waitedBefore: [], problem: undefined };
    if (settle) await settle();
    else Object.assign(settled, await settleLedger(ledger, tenantId));
    return verifyLedger({ connection, tenantId, kinds: STREAM_KINDS, settled, ...changes });
  }

  /** Keeps a copy of every table, and gives back what puts it in place again. */
  async copyAside(name = 'aside'): Promise<() => Promise<void>> {
    await this.sql(`CREATE SCHEMA ${name}`);
    for (const table of TABLES)
      await this.sql(`CREATE TABLE ${name}.${table} AS TABLE lapse.${table}`);
    return async () => {
      await this.sql(`TRUNCATE ${TABLES.map((table) => `lapse.${table}`).join(', ')}`);
      for (const table of TABLES) {
        await this.sql(
          `INSERT INTO lapse.${table} OVERRIDING SYSTEM VALUE SELECT * FROM ${name}.${table}`,
        );
      }
      await this.sql(`DROP SCHEMA ${name} CASCADE`);
    };
  }

  /** Runs something; afterwards the tables and the notes outside are as they were before. */
  async undoing<T>(work: () => Promise<T>): Promise<T> {
    const restore = await this.copyAside();
    const notes = await this.checkpoints.all(this.tenantId);
    try {
      return await work();
    } finally {
      await restore();
      rmSync(this.folder, { recursive: true });
      mkdirSync(this.folder);
      for (const { name, note } of notes) writeFileSync(join(this.folder, name), note);
    }
  }

  /** What verification says while the tampering lasts. */
  whileTampered(tamper: () => Promise<unknown>): Promise<VerificationResult> {
    return this.undoing(async () => {
      await tamper();
      return this.verify();
    });
  }

  /** The place of one version of a record. */
  async entryOf(streamId: string, version: number): Promise<EntryPlace> {
    const [row] = await this.sql<{ ledger_index: string; event_id: string }>(
      `SELECT l.ledger_index, e.event_id FROM lapse.events e
       JOIN lapse.ledger_leaves l USING (tenant_id, stream_type, stream_id, version) WHERE e.stream_id = $1 AND e.version = $2`,
      [streamId, version],
    );
    return { index: Number(row?.ledger_index), eventId: row?.event_id ?? '' };
  }

  async size(): Promise<number> {
    const [row] = await this.sql<{ count: string }>('SELECT count(*) FROM lapse.ledger_leaves');
    return Number(row?.count);
  }
}
