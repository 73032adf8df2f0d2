import { z } from 'zod';
import { shortText } from '../exception/field-shapes.ts';
import { CONTROLS } from '../exception/fields.ts';
import { MODES, type Mode } from './connector.ts';
import type { GrantSpec } from './grant-spec.ts';

/** What Azure's connector reaches, by the `kind` of a grant (docs/guide/enforcement.md). */
export const AZURE_KINDS = [
  'role-assignment',
  'policy-exemption',
  'defender-exemption',
  'group-member',
  'nsg-rule',
  'sql-firewall-rule',
  'storage-ip-rule',
  'firewall-rule-group',
  'public-network-access',
] as const;
export type AzureKind = (typeof AZURE_KINDS)[number];

/** The Azure clouds; their addresses are the connector's, so that no token goes anywhere else. */
export const CLOUDS = ['public', 'us-government', 'china', 'simulated'] as const;
export type Cloud = (typeof CLOUDS)[number];

const kindName = shortText.describe('the kind of a grant');
const modes = z
  .partialRecord(z.enum(CONTROLS), z.enum(MODES))
  .default({})
  .describe('where a control has another mode');
const mode = z
  .enum(MODES)
  .default('remove')
  .describe('how far Lapse goes: observe, remove what is past its end, or manage both ways');
const httpsAddress = z.url({ protocol: /^https?$/ }).max(500);

/** Microsoft Azure and Entra ID. */
const azure = z.strictObject({
  connector: z.literal('azure'),
  mode,
  modes,
  directory_id: z.guid().describe('the Entra ID tenant'),
  subscriptions: z
    .array(z.guid())
    .max(500)
    .default([])
    .describe('what it reaches, and what is reconciled; left empty, whatever its credential may'),
  groups: z
    .array(z.guid())
    .max(500)
    .default([])
    .describe('Entra ID groups whose members are reconciled'),
  credential: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('environment') }),
      z.strictObject({ kind: z.literal('managed-identity'), client_id: z.guid().optional() }),
      z.strictObject({ kind: z.literal('workload-identity'), client_id: z.guid() }),
      z.strictObject({ kind: z.literal('client-secret'), client_id: z.guid() }),
    ])
    .default({ kind: 'environment' }),
  cloud: z
    .enum(CLOUDS)
    .default('public')
    .describe('which Azure it is; simulated: the one that the demonstration brings along'),
});

/** Anything else: a service of one's own that is asked by signed requests. */
const webhook = z.strictObject({
  connector: z.literal('webhook'),
  mode,
  modes,
  kinds: z.array(kindName).min(1).max(50).describe('the kinds of grants that it takes'),
  url: httpsAddress,
});

/** How Lapse reaches a cloud in a tenant's name; its secret rests apart and is never in it. */
export const connectionSettings = z.discriminatedUnion('connector', [azure, webhook]);
export type ConnectionSettings = z.output<typeof connectionSettings>;
export type AzureSettings = Extract<ConnectionSettings, { connector: 'azure' }>;

/** A connection's life in the ledger. */
export type ConnectionEvent =
  | { readonly type: 'ConnectionPut'; readonly data: ConnectionSettings }
  | { readonly type: 'ConnectionRemoved'; readonly data: Record<string, never> }
  /** The secret that its cloud posts events with, as SHA-256 in hexadecimal digits; an earlier one ends. */
  | { readonly type: 'EventSecretMade'; readonly data: { readonly secret_sha256: string } };

/** A connection as it stands. */
export interface Connection {
  readonly name: string;
  readonly settings: ConnectionSettings;
  readonly active: boolean;
  /** Of the secret that its cloud posts events with; absent where there is none. */
  readonly event_secret_sha256?: string;
}

/** The connection after one more event. */
export function evolveConnection(
  state: Connection | undefined,
  event: ConnectionEvent,
  { streamId: name }: { readonly streamId: string },
): Connection {
  if (event.type === 'ConnectionPut') return { ...state, name, settings: event.data, active: true };
  if (!state) throw new Error(`connection ${name} begins with ${event.type}`);
  if (event.type === 'EventSecretMade')
    return { ...state, event_secret_sha256: event.data.secret_sha256 };
  const { event_secret_sha256: _, ...kept } = state;
  return { ...kept, active: false };
}

/** Through which connection a grant is reached, and how far Lapse goes there. */
export interface Route {
  readonly connection: string;
  readonly mode: Mode;
}

/** The first connection in use, by name, that reaches a grant; `undefined` where none does. */
export function routeOf(
  connections: readonly Connection[],
  spec: GrantSpec,
  control: (typeof CONTROLS)[number] | undefined,
): Route | undefined {
  const found = connections
    .filter(({ active, settings }) => active && reaches(settings, spec))
    .sort((a, b) => (a.name < b.name ? -1 : 1))[0];
  if (!found) return undefined;
  const { mode, modes } = found.settings;
  return { connection: found.name, mode: (control && modes[control]) ?? mode };
}

function reaches(settings: ConnectionSettings, { kind, target }: GrantSpec): boolean {
  if (settings.connector === 'webhook') return settings.kinds.includes(kind);
  if (!(AZURE_KINDS as readonly string[]).includes(kind)) return false;
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(target.trim())?.[1]?.toLowerCase();
  const { subscriptions } = settings;
  return (
    subscription === undefined ||
    subscriptions.length === 0 ||
    subscriptions.some((id) => id.toLowerCase() === subscription)
  );
}
