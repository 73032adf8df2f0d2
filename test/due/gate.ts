import pg from 'pg';
import { onTestFinished, vi } from 'vitest';
import type { Connection } from '../../src/platform/postgres/open-database.ts';

/** Holds a transaction of the product in the middle of its writes. */
export interface Gate {
  /** Waits until a transaction stands before the gate. */
  reached(): Promise<void>;
  /** Ends whoever stands before it, as the server does once it notices that a client is gone. */
  terminate(): Promise<void>;
  open(): Promise<void>;
}

const KEY = 4_711;
const WAITING = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = ${KEY}
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Makes inserts into a table wait where `condition` holds for the row `NEW`, until it is opened. */
export async function closeGate(
  admin: Connection,
  table: string,
  condition: string,
): Promise<Gate> {
  const holder = new pg.Client(admin);
  holder.on('error', () => {});
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query(`
    SELECT pg_advisory_lock(${KEY});
    CREATE OR REPLACE FUNCTION lapse.test_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(${KEY});
      RETURN NEW;
    END $$;
    CREATE TRIGGER test_gate BEFORE INSERT ON lapse.${table}
      FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION lapse.test_gate();`);
  return {
    async reached() {
      const waiting = async () => (await holder.query(WAITING)).rowCount === 1;
      await vi.waitUntil(waiting, { timeout: 60_000, interval: 10 });
    },
    async terminate() {
      await holder.query(`SELECT pg_terminate_backend(pid, 30000) FROM (${WAITING}) w`);
    },
    async open() {
      await holder.query(`SELECT pg_advisory_unlock(${KEY})`);
    },
  };
}
