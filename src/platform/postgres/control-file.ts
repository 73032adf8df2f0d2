import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { PrivatePostgresError, reasonOf } from './private-postgres-error.ts';

/** What a cluster says about itself without a server running. */
export interface ControlFile {
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  /** False after a crash or a kill: the next start replays the write-ahead log. */
  readonly shutDownCleanly: boolean;
}

/** `DB_SHUTDOWNED` in PostgreSQL's catalog/pg_control.h. */
const SHUT_DOWN = 1;

/**
 * Reads PG_VERSION and the head of global/pg_control, whose first fields (identifier at 0, state
 * at 16, in the machine's byte order) are the same in every release; the package has no
 * pg_controldata to ask.
 */
export function readControlFile(clusterDir: string): ControlFile {
  try {
    const bytes = readFileSync(join(clusterDir, 'global', 'pg_control'));
    const little = endianness() === 'LE';
    const identifier = little ? bytes.readBigUInt64LE(0) : bytes.readBigUInt64BE(0);
    const state = little ? bytes.readInt32LE(16) : bytes.readInt32BE(16);
    return {
      majorVersion: Number.parseInt(readFileSync(join(clusterDir, 'PG_VERSION'), 'utf8'), 10),
      systemIdentifier: identifier.toString(),
      shutDownCleanly: state === SHUT_DOWN,
    };
  } catch (error) {
    throw new PrivatePostgresError(
      `${clusterDir} cannot be read as a PostgreSQL cluster (${reasonOf(error)}). If it belongs to ` +
        'another user, run Lapse as that user; if it is damaged, restore a backup.',
      { cause: error },
    );
  }
}
