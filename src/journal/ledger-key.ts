import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { TrustedLog } from '../domain/ledger/checkpoint.ts';
import type { OpenedEpoch } from '../domain/ledger/epoch.ts';
import type { NoteSigner } from '../domain/ledger/signed-note.ts';
import { noteKeyId, parseVerifierKey } from '../domain/ledger/verifier-key.ts';
import type { Reader } from '../platform/db/snapshot.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import type { MasterKey, SealedSecret } from '../platform/secrets/secrets.ts';
import {
  insertSecret,
  purposeOf,
  readSecret,
  type SecretPlace,
} from '../platform/secrets/stored-secrets.ts';
import { readEpochs } from './ledger-stream.ts';

/** The public half of a tenant's ledger key in one epoch: what verifiers need. */
export interface LedgerKey {
  /** From 1. */
  readonly epoch: number;
  /** Names the log in its checkpoints; fixed for its epoch (C2SP tlog-checkpoint, origin). */
  readonly origin: string;
  readonly publicKey: Uint8Array;
}

/** A tenant's keys, the newest epoch's last, and what is known of the epochs after the first. */
export interface LedgerKeys {
  readonly keys: readonly [LedgerKey, ...LedgerKey[]];
  readonly epochs: readonly OpenedEpoch[];
  /** RFC 3339: when the first epoch began. */
  readonly createdAt: string;
}

/** A key that nobody has been told of: its private half is sealed, and still to be stored. */
export interface FreshKey {
  readonly publicKey: Uint8Array;
  readonly sealed: SealedSecret;
}

/** What a verifier of this ledger trusts: the log's name and its key. */
export function trustedLog({ origin, publicKey }: LedgerKey): TrustedLog {
  return { origin, keys: [{ name: origin, keyId: noteKeyId(origin, publicKey), publicKey }] };
}

/** The keys of all epochs; `undefined` before the tenant has one. */
export async function findLedgerKeys(
  reader: Reader,
  tenantId: string,
): Promise<LedgerKeys | undefined> {
  const [[row], epochs] = await Promise.all([
    reader.query<{ origin: string; public_key: Buffer; created_at: Date }>(
      'SELECT origin, public_key, created_at FROM lapse.ledger_keys WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT 1',
      [tenantId],
    ),
    readEpochs(reader, tenantId),
  ]);
  if (!row) return undefined;
  const first = { epoch: 1, origin: row.origin, publicKey: row.public_key };
  const later = epochs.map(({ epoch, verifier_key }) => {
    const { name: origin, publicKey } = parseVerifierKey(verifier_key);
    return { epoch, origin, publicKey };
  });
  return { keys: [first, ...later], epochs, createdAt: row.created_at.toISOString() };
}

/** The key of the newest epoch. */
export function newestKey({ keys }: LedgerKeys): LedgerKey {
  return keys.at(-1) ?? keys[0];
}

/** Makes an Ed25519 key for one epoch; its private half is sealed under the master key for it alone. */
export function makeLedgerKey(tenantId: string, epoch: number, master: MasterKey): FreshKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  return {
    publicKey: rawKey(publicKey),
    sealed: master.seal(der, purposeOf(placeOf(tenantId, epoch))),
  };
}

/** Queues the private half of an epoch's key. */
export function storeLedgerSecret(
  tx: Transaction,
  tenantId: string,
  epoch: number,
  { sealed }: FreshKey,
): void {
  insertSecret(tx, placeOf(tenantId, epoch), sealed);
}

/** Makes the tenant's first key; its private half rests sealed under the master key. */
export function createLedgerKey(
  tx: Transaction,
  tenantId: string,
  origin: string,
  master: MasterKey,
  createdAt: string,
): LedgerKey {
  const key = makeLedgerKey(tenantId, 1, master);
  storeLedgerSecret(tx, tenantId, 1, key);
  tx.atCommit(
    'INSERT INTO lapse.ledger_keys (tenant_id, origin, public_key, secret_id, created_at) VALUES ($1, $2, $3, $4, $5)',
    [tenantId, origin, key.publicKey, secretId(1), createdAt],
  );
  return { epoch: 1, origin, publicKey: key.publicKey };
}

/**
 * The signer of a tenant's checkpoints in one epoch. A port in effect: a KMS can stand behind `sign`
 * later.
 * @throws Error where the private half is missing or rests under another master key.
 */
export async function loadLedgerSigner(
  tx: Transaction,
  tenantId: string,
  key: LedgerKey,
  master: MasterKey,
): Promise<NoteSigner> {
  const der = await readSecret(tx, placeOf(tenantId, key.epoch), master);
  if (!der)
    throw new Error(`tenant ${tenantId} has a key of ledger epoch ${key.epoch} without its secret`);
  const privateKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  return ed25519Signer(key, privateKey);
}

function ed25519Signer({ origin, publicKey }: LedgerKey, privateKey: KeyObject): NoteSigner {
  return {
    name: origin,
    keyId: noteKeyId(origin, publicKey),
    sign: async (text) => sign(null, text, privateKey),
  };
}

function rawKey(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function secretId(epoch: number): string {
  return epoch === 1 ? 'ledger-signing-key' : `ledger-signing-key/${epoch}`;
}

function placeOf(tenantId: string, epoch: number): SecretPlace {
  return { tenantId, secretId: secretId(epoch) };
}
