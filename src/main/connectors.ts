import type { TokenCredential } from '@azure/core-auth';
import { azureLogs } from '../connectors/azure/audit-logs.ts';
import { AzureClient, type SimulatedReach } from '../connectors/azure/azure-client.ts';
import { defenderExemptions } from '../connectors/azure/defender-exemptions.ts';
import { firewallRuleGroups } from '../connectors/azure/firewall-rule-groups.ts';
import { groupMembers } from '../connectors/azure/group-members.ts';
import { nsgRules } from '../connectors/azure/nsg-rules.ts';
import { policyExemptions } from '../connectors/azure/policy-exemptions.ts';
import { publicNetworkAccess } from '../connectors/azure/public-network-access.ts';
import { roleAssignments } from '../connectors/azure/role-assignments.ts';
import { sqlFirewallRules } from '../connectors/azure/sql-firewall-rules.ts';
import { storageIpRules } from '../connectors/azure/storage-ip-rules.ts';
import { readWebhookSecret } from '../connectors/webhook/sign-webhook.ts';
import { webhookConnector } from '../connectors/webhook/webhook-connector.ts';
import type { CloudLogs } from '../domain/circumvention/cloud-logs.ts';
import type { AzureKind, AzureSettings } from '../domain/enforcement/connection.ts';
import type { Connector } from '../domain/enforcement/connector.ts';
import {
  readConnectionSecret,
  type TenantConnection,
} from '../features/enforcement/connection-store.ts';
import type { Database } from '../platform/db/transaction.ts';
import type { ListedHost } from '../platform/outbound/ask-outside.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';

/** What connectors are made of. */
export interface ConnectorParts {
  readonly db: Database;
  readonly master: MasterKey;
  /** Where receivers of webhooks may lie inside. */
  readonly insideHosts: readonly ListedHost[];
  /** How the simulated cloud is reached; without it no connection reaches one. */
  readonly simulated?: SimulatedReach | undefined;
}

const AZURE: Readonly<Partial<Record<AzureKind, (client: AzureClient) => Connector>>> = {
  'role-assignment': roleAssignments,
  'policy-exemption': policyExemptions,
  'defender-exemption': defenderExemptions,
  'public-network-access': publicNetworkAccess,
  'group-member': groupMembers,
  'nsg-rule': nsgRules,
  'sql-firewall-rule': sqlFirewallRules,
  'storage-ip-rule': storageIpRules,
  'firewall-rule-group': firewallRuleGroups,
};
/** How many clients are kept; each has a token of its own. */
const KEPT = 200;

/** Answers the client of a connection; one that has not changed keeps its client and its token. */
export function azureClients(parts: ConnectorParts) {
  const clients = new Map<string, Promise<AzureClient>>();
  return (connection: TenantConnection, settings: AzureSettings): Promise<AzureClient> => {
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
}

/** Makes the connectors of connections. */
export function connectorMaker(parts: ConnectorParts, clientOf = azureClients(parts)) {
  return async (connection: TenantConnection, kind: string): Promise<Connector | undefined> => {
    const { settings } = connection.state;
    if (settings.connector === 'webhook') {
      const { tenantId, state } = connection;
      const secret = await secretOf(parts, tenantId, state.name);
      const { url } = settings;
      const rules = { listed: parts.insideHosts };
      return webhookConnector({ url, key: readWebhookSecret(secret), kind, rules });
    }
    const make = AZURE[kind as AzureKind];
    return make?.(await clientOf(connection, settings));
  };
}

function secretOf({ db, master }: ConnectorParts, tenantId: string, name: string) {
  return db.inSystem((tx) => readConnectionSecret(tx, tenantId, name, master));
}

/** Finds the audit logs of the clouds behind connections; `undefined` for what keeps none. */
export function logsFinder(clientOf: ReturnType<typeof azureClients>) {
  return async (connection: TenantConnection): Promise<CloudLogs | undefined> => {
    const { settings } = connection.state;
    return settings.connector === 'azure'
      ? azureLogs(await clientOf(connection, settings))
      : undefined;
  };
}

async function azureClient(
  parts: ConnectorParts,
  { tenantId, state }: TenantConnection,
  settings: AzureSettings,
): Promise<AzureClient> {
  if (settings.cloud === 'simulated') {
    const { simulated } = parts;
    if (!simulated) throw new Error('no simulated cloud runs here');
    return new AzureClient('simulated', simulatedCredential(tenantId), simulated);
  }
  const secret = await secretOf(parts, tenantId, state.name);
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
