import type { Reader } from '../db/snapshot.ts';
import type { Transaction } from '../db/transaction.ts';
import type { MasterKey, SealedSecret } from './secrets.ts';

/** Which secret of which tenant. */
export interface SecretPlace {
  readonly tenantId: string;
  readonly secretId: string;
}

/** What a secret of a tenant is sealed for: its own row and no other. */
export function purposeOf({ tenantId, secretId }: SecretPlace): string {
  return `${secretId}/${tenantId}`;
}

/** Queues a sealed secret. */
export function insertSecret(
  tx: Transaction,
  { tenantId, secretId }: SecretPlace,
  { keyId, nonce, ciphertext }: SealedSecret,
): void {
  tx.atCommit(
    'INSERT INTO lapse.secrets (tenant_id, secret_id, key_id, nonce, ciphertext) VALUES ($1, $2, $3, $4, $5)',
    [tenantId, secretId, keyId, nonce, ciphertext],
  );
}

/** Opens a secret; undefined where there is none. */
export async function readSecret(
  reader: Reader,
  place: SecretPlace,
  master: MasterKey,
): Promise<Uint8Array | undefined> {
  const [row] = await reader.query<SecretRow>(
    'SELECT tenant_id, secret_id, key_id, nonce, ciphertext FROM lapse.secrets WHERE tenant_id = $1 AND secret_id = $2',
    [place.tenantId, place.secretId],
  );
  return row && openRow(row, master);
}

/** A row of `lapse.secrets`. */
export type SecretRow = Record<string, unknown> & {
  readonly tenant_id: string;
  readonly secret_id: string;
  readonly key_id: string;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
};

/** Opens the secret of a row. */
export function openRow(row: SecretRow, master: MasterKey): Uint8Array {
  const { tenant_id: tenantId, secret_id: secretId, key_id: keyId, nonce, ciphertext } = row;
  return master.open({ keyId, nonce, ciphertext }, purposeOf({ tenantId, secretId }));
}

/** Seals what was opened from a row for the same row. */
export function sealRow(
  { tenant_id: tenantId, secret_id: secretId }: SecretRow,
  secret: Uint8Array,
  master: MasterKey,
): SealedSecret {
  return master.seal(secret, purposeOf({ tenantId, secretId }));
}

/**
 * Seals a batch of secrets of all tenants anew that do not rest under the present master key; answers
 * how many that were. What was there opens before and after: both keys are known meanwhile.
 *
 * @throws Error where a secret rests under a key that is not known, nothing of the batch changed
 */
export async function resealBatch(
  tx: Transaction,
  master: MasterKey,
  size: number,
): Promise<number> {
  const rows = await tx.query<SecretRow>(
    `SELECT tenant_id, secret_id, key_id, nonce, ciphertext FROM lapse.secrets
     WHERE key_id <> $1 ORDER BY tenant_id, secret_id LIMIT $2 FOR UPDATE`,
    [master.keyId, size],
  );
  const sealed = rows.map((row) => sealRow(row, openRow(row, master), master));
  if (rows.length === 0) return 0;
  tx.atCommit(
    `UPDATE lapse.secrets AS s SET key_id = n.key_id, nonce = n.nonce, ciphertext = n.ciphertext
     FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[])
       AS n(tenant_id, secret_id, key_id, nonce, ciphertext)
     WHERE s.tenant_id = n.tenant_id AND s.secret_id = n.secret_id`,
    [
      rows.map((row) => row.tenant_id),
      rows.map((row) => row.secret_id),
      sealed.map(({ keyId }) => keyId),
      sealed.map(({ nonce }) => nonce),
      sealed.map(({ ciphertext }) => ciphertext),
    ],
  );
  return rows.length;
}

/** How many secrets rest under which master key. */
export async function countByKey(
  reader: Reader,
): Promise<{ readonly keyId: string; readonly count: number }[]> {
  const rows = await reader.query<{ key_id: string; count: number }>(
    'SELECT key_id, count(*)::int AS count FROM lapse.secrets GROUP BY key_id ORDER BY key_id',
  );
  return rows.map(({ key_id: keyId, count }) => ({ keyId, count }));
}
