import type pg from 'pg';
import type { ClientConfig } from 'pg';
import type { Connector } from '../../src/domain/enforcement/connector.ts';
import type { Policy } from '../../src/domain/policy/policy.ts';
import type { ExceptionViews } from '../../src/features/exceptions/exception-views.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import type { MasterKey } from '../../src/platform/secrets/secrets.ts';
import type { Copies } from './copies.ts';
import type { Intent } from './intent.ts';
import type { Mirror } from './mirror.ts';
import type { Schedule } from './schedule.ts';
import type { OutsideFolder } from './simulated-checkpoints.ts';
import type { SimulatedCloud } from './simulated-cloud.ts';
import type { AlterStatement, SimulatedClock } from './simulated-database.ts';

/** A migrated database that a simulation may empty and fill. */
export interface SimulationDatabase {
  /** As superuser: for looking behind the roles. */
  readonly admin: ClientConfig;
  readonly application: ClientConfig;
  readonly worker: ClientConfig;
}

/** Processes die in a simulation, and disks do not: nothing has to survive a power cut. */
export const WITHOUT_FSYNC = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** Faults of the code, put in where it meets the database or a cloud. */
export interface Faults {
  readonly alter?: AlterStatement;
  readonly connector?: (genuine: Connector) => Connector;
}

/** What is there: the product's parts, what people have asked for, and what was found. */
export interface World {
  /** Real, and shared by all processes; each goes through steps of its own. */
  readonly base: Database;
  readonly admin: pg.Client;
  readonly application: ClientConfig;
  readonly master: MasterKey;
  readonly policy: Policy;
  readonly tenants: readonly string[];
  readonly clock: SimulatedClock;
  readonly schedule: Schedule;
  readonly outside: OutsideFolder;
  readonly cloud: SimulatedCloud;
  readonly mirror: Mirror;
  readonly copies: Copies;
  readonly intents: Map<number, Intent>;
  /** What every read sees, now and without a step. */
  readonly views: ExceptionViews;
  /** What has gone wrong since the last check, in words. */
  readonly problems: string[];
  /** Transactions that have written something. */
  readonly commits: { count: number };
  /** At which commit each invariant was last looked at. */
  readonly lookedAt: Map<string, number>;
  readonly count: (what: string) => void;
  /** A fault that is put in on purpose, to see that it is found. */
  readonly faults?: Faults | undefined;
}

/** A tenant's name, where words must not hold ids. */
export function tenantIn({ tenants }: Pick<World, 'tenants'>, tenantId: string): string {
  return `tenant ${tenants.indexOf(tenantId) + 1}`;
}

/** A record's or an intent's name, where words must not hold ids. */
export function nameOf({ mirror }: World, id: string | undefined): string {
  if (id === undefined) return 'something new';
  if (mirror.grants.find(id)) return 'a grant';
  return mirror.streams.get(id)?.name ?? mirror.others.get(id)?.name ?? 'what is gone';
}
