import { DomainError } from '../../domain/errors.ts';
import { plainStream } from '../../journal/plain-stream.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';
import { insertSecret, purposeOf, readSecret } from '../../platform/secrets/stored-secrets.ts';
import { evolveProvider, type ProviderEvent, type ProviderState } from './provider-events.ts';

/** The stream of one provider of sign-in, and its row. */
export const providerStream = plainStream<ProviderState, ProviderEvent>({
  type: 'provider',
  table: 'providers',
  id: 'name',
  versions: { ProviderPut: 1, ProviderRemoved: 1, SignInRefused: 1 },
  evolve: evolveProvider,
});

/** A provider's row. */
export interface ProviderRow {
  readonly version: number;
  readonly state: ProviderState;
}

/** The providers in use, by name. */
export async function readProviders(reader: Reader, tenantId: string): Promise<ProviderRow[]> {
  const rows = await reader.query<ProviderRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.providers WHERE tenant_id = $1 ORDER BY name',
    [tenantId],
  );
  return rows.filter(({ state }) => state.active);
}

/** One provider, in use or not, locked until the transaction ends. */
export async function lockProvider(
  tx: Transaction,
  tenantId: string,
  name: string,
): Promise<ProviderRow | undefined> {
  const [row] = await tx.query<ProviderRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.providers WHERE tenant_id = $1 AND name = $2 FOR UPDATE',
    [tenantId, name],
  );
  return row;
}

/** One provider that is in use; refuses with `not-found`. */
export async function getProvider(
  reader: Reader,
  tenantId: string,
  name: string,
): Promise<ProviderRow> {
  const found = (await readProviders(reader, tenantId)).find(({ state }) => state.name === name);
  if (!found) throw new DomainError('not-found', `there is no provider ${name}`);
  return found;
}

const secretId = (name: string) => `provider/${name}`;

/** Queues a client secret, sealed; without one the client is public. */
export function storeClientSecret(
  tx: Transaction,
  tenantId: string,
  name: string,
  sealing: { readonly master: MasterKey; readonly secret: string | undefined },
): void {
  tx.atCommit('DELETE FROM lapse.secrets WHERE tenant_id = $1 AND secret_id = $2', [
    tenantId,
    secretId(name),
  ]);
  const { master, secret } = sealing;
  if (secret === undefined) return;
  const place = { tenantId, secretId: secretId(name) };
  insertSecret(tx, place, master.seal(Buffer.from(secret), purposeOf(place)));
}

/** The client secret of a provider, where it has one. */
export async function readClientSecret(
  reader: Reader,
  tenantId: string,
  name: string,
  master: MasterKey,
): Promise<string | undefined> {
  const secret = await readSecret(reader, { tenantId, secretId: secretId(name) }, master);
  return secret && Buffer.from(secret).toString('utf8');
}
