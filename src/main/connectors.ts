import type { TokenCredential } from '@azure/core-auth';
import { AzureClient, type SimulatedReach } from '../connectors/azure/azure-client.ts';
import { roleAssignments } from '../connectors/azure/role-assignments.ts';
import type { AzureKind, AzureSettings } from '../domain/enforcement/connection.ts';
import type { Connector } from '../domain/enforcement/connector.ts';
import {
  readConnectionSecret,
  type TenantConnection,
} from '../features/enforcement/connection-store.ts';
import type { Database } from '../platform/db/transaction.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';

/** What connectors are made of. */
export interface ConnectorParts {
  readonly db: Database;
  readonly master: MasterKey;
  /** How the simulated cloud is reached; without it no connection reaches one. */
  readonly simulated?: SimulatedReach | undefined;
}

const AZURE: Readonly<Partial<Record<AzureKind, (client: AzureClient) => Connector>>> = {
  'role-assignment': roleAssignments,
};
/** How many clients are kept; each has a token of its own. */
const KEPT = 200;

/** Makes the connectors of connections; one that has not changed keeps its client and its token. */
export function connectorMaker(parts: ConnectorParts) {
  const clients = new Map<string, Promise<AzureClient>>();
  const clientOf = (connection: TenantConnection, settings: AzureSettings) => {
    const { tenantId, version, state } = connection;
    const key = `${tenantId}/${state.name}/${version}`;
    const known = clients.get(key);
    if (known) return known;
    const made = azureClient(parts, connection, settings);
    clients.set(key, made);
    made.catch(() => clients.delete(key));
    const [oldest] = clients.keys();
    if (clients.size > KEPT && oldest !== undefined) clients.delete(oldest);
    return made;
  };
  return async (connection: TenantConnection, kind: string): Promise<Connector | undefined> => {
    const { settings } = connection.state;
    if (settings.connector !== 'azure') return undefined;
    const make = AZURE[kind as AzureKind];
    return make?.(await clientOf(connection, settings));
  };
}

async function azureClient(
  { db, master, simulated }: ConnectorParts,
  { tenantId, state }: TenantConnection,
  settings: AzureSettings,
): Promise<AzureClient> {
  if (settings.cloud === 'simulated') {
    if (!simulated) throw new Error('no simulated cloud runs here');
    return new AzureClient('simulated', simulatedCredential(tenantId), simulated);
  }
  const secret = await db.inSystem((tx) => readConnectionSecret(tx, tenantId, state.name, master));
  return new AzureClient(settings.cloud, await credentialOf(settings, secret));
}

/** The simulated cloud knows callers by name alone. */
function simulatedCredential(tenantId: string): TokenCredential {
  return {
    getToken: async () => ({
      token: `lapse-${tenantId}`,
      expiresOnTimestamp: Date.now() + 3_600_000,
    }),
  };
}

async function credentialOf(
  { credential, directory_id }: AzureSettings,
  secret: string | undefined,
): Promise<TokenCredential> {
  // Loaded where it is needed alone: it is large.
  const identity = await import('@azure/identity');
  switch (credential.kind) {
    case 'client-secret':
      if (secret === undefined) throw new Error('the connection has no client secret');
      return new identity.ClientSecretCredential(directory_id, credential.client_id, secret);
    case 'managed-identity':
      return credential.client_id === undefined
        ? new identity.ManagedIdentityCredential()
        : new identity.ManagedIdentityCredential({ clientId: credential.client_id });
    case 'workload-identity':
      return new identity.WorkloadIdentityCredential({
        tenantId: directory_id,
        clientId: credential.client_id,
      });
    case 'environment':
      return new identity.EnvironmentCredential();
  }
}
