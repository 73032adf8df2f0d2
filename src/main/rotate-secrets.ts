import { join } from 'node:path';
import { replaceFile } from '../platform/backup-file/replaced-file.ts';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import { WholeTransaction } from '../platform/db/whole-transaction.ts';
import { newKeyText, readMasterKey } from '../platform/secrets/key-file.ts';
import { keyLines, type MasterKey, parseMasterKey } from '../platform/secrets/secrets.ts';
import { countByKey, resealBatch } from '../platform/secrets/stored-secrets.ts';
import { reachForBackup } from './administered-database.ts';
import { MASTER_KEY_FILE } from './backup.ts';

/** What `lapse secrets` is told. */
export interface SecretsCommand {
  readonly config: Config;
  readonly secrets: ConfigSecrets;
  readonly progress: (text: string) => void;
  readonly onSealed: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** What a rotation has done. */
export interface Rotation {
  /** The key that every secret rests under now. */
  readonly keyId: string;
  /** Whether it was made just now; a rotation that was broken off is gone on with. */
  readonly isNew: boolean;
  readonly sealed: number;
  /** Keys that are still known, and that nothing rests under any more. */
  readonly previous: readonly string[];
}

const BATCH = 200;
const TRANSACTION = { name: 'lapse-secrets', begin: 'BEGIN' };

/**
 * Seals every secret under another master key. Where all rest under the present one, a new key is put
 * into the file in front of it; otherwise that was done before, and what is left is sealed. Servers know
 * both keys from the moment that the file has them.
 */
export function rotateSecrets(command: SecretsCommand): Promise<Rotation> {
  return withKeys(command, async (begin, { text, key, file }) => {
    let master = key;
    const { total, isNew } = await begin(async (tx) => {
      const counts = await countByKey(tx);
      assertKnown(counts, key);
      const old = counts.filter(({ keyId }) => keyId !== key.keyId);
      if (old.length > 0) return { total: sum(old), isNew: false };
      const fresh = `${newKeyText()}\n${keyLines(text).join('\n')}\n`;
      if (file === undefined) throw keysOfEnvironment();
      await replaceFile(file, [Buffer.from(fresh)], command.signal);
      master = parseMasterKey(fresh, file);
      return { total: sum(counts), isNew: true };
    });
    let sealed = 0;
    for (let count = -1; count !== 0; sealed += count) {
      command.signal.throwIfAborted();
      count = await begin((tx) => resealBatch(tx, master, BATCH));
      command.onSealed(sealed + count, Math.max(total, sealed + count));
    }
    const { keyId, keyIds } = master;
    return { keyId, isNew, sealed, previous: keyIds.slice(1) };
  });
}

/** Takes keys out of the file that nothing rests under any more; answers which. */
export function retireKeys(command: SecretsCommand): Promise<readonly string[]> {
  return withKeys(command, async (begin, { text, key, file }) => {
    const [present = '', ...previous] = keyLines(text);
    if (previous.length === 0) return [];
    if (file === undefined) throw keysOfEnvironment();
    return begin(async (tx) => {
      const old = (await countByKey(tx)).filter(({ keyId }) => keyId !== key.keyId);
      if (old.length > 0)
        throw new ConfigurationError(
          `${sum(old)} secrets still rest under ${old.map(({ keyId }) => keyId).join(', ')}: run \`lapse secrets rotate\` first`,
        );
      await replaceFile(file, [Buffer.from(`${present}\n`)], command.signal);
      return key.keyIds.slice(1);
    });
  });
}

interface Keys {
  readonly text: string;
  readonly key: MasterKey;
  /** Where the keys lie; undefined where the environment has them. */
  readonly file: string | undefined;
}

type Begin = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;

/** Runs with the keys as they are, in transactions that no other rotation shares. */
async function withKeys<T>(
  { config, secrets, progress, signal }: SecretsCommand,
  work: (begin: Begin, keys: Keys) => Promise<T>,
): Promise<T> {
  const path = join(config.dataDir, MASTER_KEY_FILE);
  const database = await reachForBackup(config, secrets, progress);
  const begin: Begin = async (inner) => {
    const tx = await WholeTransaction.begin(database.connection, TRANSACTION, signal);
    try {
      await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('lapse master key', 0))");
      const result = await inner(tx);
      await tx.commit();
      return result;
    } finally {
      await tx.close();
    }
  };
  try {
    const { text, key } = await readMasterKey(secrets.masterKey, path);
    return await work(begin, {
      text,
      key,
      file: secrets.masterKey === undefined ? path : undefined,
    });
  } finally {
    await database.close();
  }
}

function assertKnown(counts: readonly { keyId: string }[], { keyIds }: MasterKey): void {
  const unknown = counts.find(({ keyId }) => !keyIds.includes(keyId));
  if (!unknown) return;
  throw new ConfigurationError(
    `secrets rest under master key ${unknown.keyId}, and ${keyIds.join(', ')} was given; nothing was changed: set LAPSE_MASTER_KEY and LAPSE_MASTER_KEY_PREVIOUS, or LAPSE_DATA, to what the server uses`,
  );
}

function keysOfEnvironment(): ConfigurationError {
  return new ConfigurationError(
    'the environment has the master key, and only you can change that: give all servers a new one as LAPSE_MASTER_KEY and the present one as LAPSE_MASTER_KEY_PREVIOUS, start them again, and run `lapse secrets rotate`; after it LAPSE_MASTER_KEY_PREVIOUS can go',
  );
}

function sum(counts: readonly { count: number }[]): number {
  return counts.reduce((all, { count }) => all + count, 0);
}
