import type pg from 'pg';
import { PrivatePostgresError } from './private-postgres-error.ts';

/** Held while one Lapse server uses a private data folder. */
export interface ServerLock {
  /** Gives the lock up; the client stays open. PostgreSQL does so too when the client's session ends. */
  release(): Promise<void>;
}

/** Another Lapse server is using the same private data folder. */
export class DataDirectoryInUseError extends PrivatePostgresError {
  override readonly name = 'DataDirectoryInUseError';
  /** PostgreSQL's process for the other server's connection; absent if it could not be read. */
  readonly backendPid: number | undefined;
  /** Such as `lapse server, process 4711`: names the other server's own process. */
  readonly applicationName: string | undefined;

  constructor(backendPid: number | undefined, applicationName: string | undefined) {
    const who = applicationName ? ` (${applicationName})` : '';
    super(
      `Another Lapse server${who} is already using this data folder. Use that one, stop it first, ` +
        'or give this one a folder of its own with LAPSE_DATA (and another LAPSE_PORT).',
    );
    this.backendPid = backendPid;
    this.applicationName = applicationName;
  }
}

/** "LAPS" in ASCII, and 1 for the server lock; other advisory locks of Lapse take other numbers. */
const LOCK = [0x4c415053, 1] as const;

/**
 * Takes the lock that marks a private data folder as in use by a server. The lock is the session's:
 * keep the client for this alone, connected, and for as long as the server runs. If the client
 * emits `end` before that, the lock is gone.
 *
 * @param client connected to the private server, not from a pool and not through a pooler.
 * @throws DataDirectoryInUseError when another session holds it.
 */
export async function acquireServerLock(client: pg.Client): Promise<ServerLock> {
  const { rows } = await client.query<{ taken: boolean }>(
    `SELECT pg_try_advisory_lock($1, $2) AS taken, set_config('application_name', $3, false)`,
    [...LOCK, `lapse server, process ${process.pid}`],
  );
  if (!rows[0]?.taken) throw await inUse(client);
  return {
    async release() {
      await client.query('SELECT pg_advisory_unlock($1, $2)', [...LOCK]);
    },
  };
}

async function inUse(client: pg.Client): Promise<DataDirectoryInUseError> {
  // objsubid 2 marks the two-number form; the columns are oid, hence unsigned.
  const { rows } = await client.query<{ pid: number; application_name: string | null }>(
    `SELECT l.pid, a.application_name
       FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
        AND l.classid = $1::oid AND l.objid = $2::oid
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [...LOCK],
  );
  return new DataDirectoryInUseError(rows[0]?.pid, rows[0]?.application_name ?? undefined);
}
