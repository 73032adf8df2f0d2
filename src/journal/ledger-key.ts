import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { TrustedLog } from '../domain/ledger/checkpoint.ts';
import type { NoteSigner } from '../domain/ledger/signed-note.ts';
import { noteKeyId } from '../domain/ledger/verifier-key.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';

/** The public half of a tenant's ledger key: what verifiers need. */
export interface LedgerKey {
  /** Names the log in its checkpoints; fixed at the first start (C2SP tlog-checkpoint, origin). */
  readonly origin: string;
  readonly publicKey: Uint8Array;
}

/** What a verifier of this ledger trusts: the log's name and its key. */
export function trustedLog({ origin, publicKey }: LedgerKey): TrustedLog {
  return { origin, keys: [{ name: origin, keyId: noteKeyId(origin, publicKey), publicKey }] };
}

const SECRET_ID = 'ledger-signing-key';

/** The tenant's ledger key; `undefined` before the tenant has one. */
export async function findLedgerKey(
  tx: Transaction,
  tenantId: string,
): Promise<LedgerKey | undefined> {
  const [row] = await tx.query<{ origin: string; public_key: Buffer }>(
    'SELECT origin, public_key FROM lapse.ledger_keys WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT 1',
    [tenantId],
  );
  return row && { origin: row.origin, publicKey: row.public_key };
}

/** Makes the tenant's Ed25519 key; its private half rests sealed under the master key. */
export function createLedgerKey(
  tx: Transaction,
  tenantId: string,
  origin: string,
  master: MasterKey,
  createdAt: string,
): LedgerKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const sealed = master.seal(
    privateKey.export({ format: 'der', type: 'pkcs8' }),
    purpose(tenantId),
  );
  tx.atCommit(
    'INSERT INTO lapse.secrets (tenant_id, secret_id, key_id, nonce, ciphertext) VALUES ($1, $2, $3, $4, $5)',
    [tenantId, SECRET_ID, sealed.keyId, sealed.nonce, sealed.ciphertext],
  );
  tx.atCommit(
    'INSERT INTO lapse.ledger_keys (tenant_id, origin, public_key, secret_id, created_at) VALUES ($1, $2, $3, $4, $5)',
    [tenantId, origin, raw, SECRET_ID, createdAt],
  );
  return { origin, publicKey: raw };
}

/** The signer of a tenant's checkpoints. A port in effect: a KMS can stand behind `sign` later. */
export async function loadLedgerSigner(
  tx: Transaction,
  tenantId: string,
  key: LedgerKey,
  master: MasterKey,
): Promise<NoteSigner> {
  const [row] = await tx.query<{ key_id: string; nonce: Buffer; ciphertext: Buffer }>(
    'SELECT key_id, nonce, ciphertext FROM lapse.secrets WHERE tenant_id = $1 AND secret_id = $2',
    [tenantId, SECRET_ID],
  );
  if (!row) throw new Error(`tenant ${tenantId} has a ledger key without its secret`);
  const der = master.open(
    { keyId: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext },
    purpose(tenantId),
  );
  return ed25519Signer(
    key,
    createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }),
  );
}

function ed25519Signer({ origin, publicKey }: LedgerKey, privateKey: KeyObject): NoteSigner {
  return {
    name: origin,
    keyId: noteKeyId(origin, publicKey),
    sign: async (text) => sign(null, text, privateKey),
  };
}

function purpose(tenantId: string): string {
  return `${SECRET_ID}/${tenantId}`;
}
