import {
  type Connection,
  type ConnectionEvent,
  evolveConnection,
} from '../../domain/enforcement/connection.ts';
import { plainStream } from '../../journal/plain-stream.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';
import { insertSecret, purposeOf, readSecret } from '../../platform/secrets/stored-secrets.ts';

/** The stream of one connection, and its row. */
export const connectionStream = plainStream<Connection, ConnectionEvent>({
  type: 'connection',
  table: 'connections',
  id: 'name',
  versions: { ConnectionPut: 1, ConnectionRemoved: 1, EventSecretMade: 1 },
  evolve: evolveConnection,
});

/** A connection's row. */
export interface ConnectionRow {
  readonly version: number;
  readonly state: Connection;
}

/** A connection of a tenant among those of several. */
export interface TenantConnection extends ConnectionRow {
  readonly tenantId: string;
}

/** The connections of some tenants, by name; those that were removed too. */
export async function readConnections(
  reader: Reader,
  tenantIds: readonly string[],
): Promise<TenantConnection[]> {
  const rows = await reader.query<ConnectionRow & { tenant_id: string; [column: string]: unknown }>(
    'SELECT tenant_id, version, state FROM lapse.connections WHERE tenant_id = ANY ($1) ORDER BY name',
    [tenantIds],
  );
  return rows.map(({ tenant_id: tenantId, version, state }) => ({ tenantId, version, state }));
}

/** One connection, in use or not, locked until the transaction ends. */
export async function lockConnection(
  tx: Transaction,
  tenantId: string,
  name: string,
): Promise<ConnectionRow | undefined> {
  const [row] = await tx.query<ConnectionRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.connections WHERE tenant_id = $1 AND name = $2 FOR UPDATE',
    [tenantId, name],
  );
  return row;
}

const secretPlace = (tenantId: string, name: string) => ({
  tenantId,
  secretId: `connection/${name}`,
});

/** Queues a connection's secret, sealed; without one it has none. */
export function storeConnectionSecret(
  tx: Transaction,
  tenantId: string,
  name: string,
  { master, secret }: { readonly master: MasterKey; readonly secret: string | undefined },
): void {
  const place = secretPlace(tenantId, name);
  tx.atCommit('DELETE FROM lapse.secrets WHERE tenant_id = $1 AND secret_id = $2', [
    place.tenantId,
    place.secretId,
  ]);
  if (secret === undefined) return;
  insertSecret(tx, place, master.seal(Buffer.from(secret), purposeOf(place)));
}

/** The secret of a connection, where it has one. */
export async function readConnectionSecret(
  reader: Reader,
  tenantId: string,
  name: string,
  master: MasterKey,
): Promise<string | undefined> {
  const secret = await readSecret(reader, secretPlace(tenantId, name), master);
  return secret && Buffer.from(secret).toString('utf8');
}
