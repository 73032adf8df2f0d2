import { createPublicKey, verify } from 'node:crypto';
import { type Checkpoint, openCheckpoint, type TrustedLog } from '../domain/ledger/checkpoint.ts';
import type { VerifyEd25519 } from '../domain/ledger/note-verification.ts';
import { noteKeyId } from '../domain/ledger/verifier-key.ts';
import type { Reader } from '../platform/db/snapshot.ts';
import type { Findings } from './verify-findings.ts';

/** A signed note and where it is kept: `database/<size>`, or its name outside the database. */
export interface KeptNote {
  readonly name: string;
  readonly note: string;
  /** The size that it is kept under, where it is. */
  readonly size?: number;
}

/** A checkpoint that the ledger's key has signed. */
export interface KeptCheckpoint extends Checkpoint {
  readonly name: string;
}

/** What the tenant's checkpoints must say and be signed by; `undefined` where it has no usable key. */
export async function findTrustedLog(
  reader: Reader,
  tenantId: string,
): Promise<TrustedLog | undefined> {
  const rows = await reader.query<{ origin: string; public_key: Buffer }>(
    'SELECT origin, public_key FROM lapse.ledger_keys WHERE tenant_id = $1 ORDER BY created_at DESC',
    [tenantId],
  );
  const keys = rows.flatMap(({ origin: name, public_key: publicKey }) => {
    try {
      return [{ name, keyId: noteKeyId(name, publicKey), publicKey }];
    } catch {
      return [];
    }
  });
  const [newest] = keys;
  return newest && { origin: newest.name, keys };
}

/** Opens notes, several at once; one that the ledger's key has not signed is a finding. */
export async function openNotes(
  notes: readonly KeptNote[],
  log: TrustedLog | undefined,
  findings: Findings,
): Promise<KeptCheckpoint[]> {
  if (!log) return [];
  const opened = await Promise.all(
    notes.map(async ({ name, note, size }) => {
      try {
        const checkpoint = await openCheckpoint(note, log, verifyInPool);
        if (size !== undefined && size !== checkpoint.size)
          throw new Error(`it was signed for ${checkpoint.size} entries`);
        return { name, ...checkpoint };
      } catch (error) {
        const message = `the checkpoint is not one that this ledger signed: ${error instanceof Error ? error.message : error}`;
        findings.add({ code: 'checkpoint-unverified', message, checkpoint: name });
        return undefined;
      }
    }),
  );
  return opened.filter((checkpoint) => checkpoint !== undefined);
}

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Ed25519 in the thread pool: a signature takes 150 us, and a quiet ledger has one for each entry. */
const verifyInPool: VerifyEd25519 = (publicKey, message, signature) => {
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return new Promise((resolve, reject) => {
    verify(null, message, key, signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    );
  });
};
