import type { TrustedLog } from '../domain/ledger/checkpoint.ts';
import { assertHandedOver, lossOf, type OpenedEpoch, openedEpoch } from '../domain/ledger/epoch.ts';
import { noteKeyId, parseVerifierKey } from '../domain/ledger/verifier-key.ts';
import type { Reader } from '../platform/db/snapshot.ts';
import { verifyInPool } from './note-signature.ts';
import type { Findings } from './verify-findings.ts';

/** The logs that a ledger has been signed as, and the words by which it went from one to the next. */
export interface VerifiedEpochs {
  /** What checkpoints must say and be signed by, the first epoch first; none without a usable key. */
  readonly logs: readonly TrustedLog[];
  /** Epochs after the first whose key the one before has handed over to. */
  readonly epochs: readonly OpenedEpoch[];
  /** Every epoch that the database claims, the others included. */
  readonly claimed: readonly OpenedEpoch[];
}

/** An epoch that was opened, as the result of verification names it. */
export interface EpochReport {
  readonly epoch: number;
  readonly origin: string;
  /** RFC 3339. */
  readonly opened_at: string;
  readonly opened_by: { readonly id: string; readonly name: string };
  readonly reason: string;
  /** Up to here the tree agrees with what was signed before. */
  readonly fork_size: number;
  /** Entries that were signed beyond that, and are lost or replaced by others. */
  readonly lost_entries: number;
  /** What the checkpoints that were given up claim. */
  readonly given_up: readonly { readonly origin: string; readonly size: number }[];
}

/**
 * Reads the epochs from their projection, which is compared with the ledger's stream elsewhere, and
 * follows the keys from the first on. One that the key before has not handed over to is a finding,
 * and neither its key nor its word counts.
 */
export async function verifyEpochs(
  reader: Reader,
  tenantId: string,
  findings: Findings,
): Promise<VerifiedEpochs> {
  const [first, claimed] = await Promise.all([
    findFirstLog(reader, tenantId),
    readClaimed(reader, tenantId),
  ]);
  if (!first) {
    const message = 'the tenant has no usable ledger key, so that no checkpoint can be verified';
    findings.add({ code: 'key-missing', message });
    return { logs: [], epochs: [], claimed };
  }
  const logs: [TrustedLog, ...TrustedLog[]] = [first];
  const epochs: OpenedEpoch[] = [];
  for (const epoch of claimed) {
    const before = logs.at(-1) ?? first;
    try {
      await assertHandedOver(epoch, before.keys, verifyInPool);
      const key = parseVerifierKey(epoch.verifier_key);
      logs.push({ origin: key.name, keys: [key] });
      epochs.push(epoch);
    } catch (error) {
      const message = `nobody who holds the key of ${before.origin} opened epoch ${epoch.epoch}: ${error instanceof Error ? error.message : error}`;
      findings.add({ code: 'epoch-unverified', message, stream: `ledger:${tenantId}` });
    }
  }
  return { logs, epochs, claimed };
}

/** An epoch for the result of verification: what it gave up, and through whom. */
export function reportOf(epoch: OpenedEpoch): EpochReport {
  const { opened_at, opened_by, reason, fork_size } = epoch;
  return {
    epoch: epoch.epoch,
    origin: parseVerifierKey(epoch.verifier_key).name,
    opened_at,
    opened_by,
    reason,
    fork_size,
    ...lossOf(epoch),
  };
}

async function findFirstLog(reader: Reader, tenantId: string): Promise<TrustedLog | undefined> {
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

/** Rows that cannot be read are left out: no event of the ledger's stream gives them. */
async function readClaimed(reader: Reader, tenantId: string): Promise<OpenedEpoch[]> {
  const rows = await reader.query<{ state: unknown }>(
    'SELECT state FROM lapse.ledger_epochs WHERE tenant_id = $1 ORDER BY epoch',
    [tenantId],
  );
  return rows.flatMap(({ state }) => openedEpoch.safeParse(state).data ?? []);
}
