import type { CallOutcome, Connector, Placed } from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { type AddressRange, rangeBetween, readRange, refuseEveryAddress } from './addresses.ts';
import { type AzureAnswer, type AzureClient, errorCode, errorText } from './azure-client.ts';
import { BadSpec } from './bad-spec.ts';
import { nameByKey } from './name-by-key.ts';
import { called, failureOf, looked, RESOURCE_MANAGER_PACE } from './outcomes.ts';
import { resourcesIn } from './resources-in.ts';
import { isResourceOf, same, withoutSlash } from './scopes.ts';

const API = 'api-version=2021-11-01';
const SERVERS = 'Microsoft.Sql/servers';
const OURS = 'lapse-';

/** A firewall rule as Resource Manager answers it; only what is used. */
interface FirewallRule {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly startIpAddress: string; readonly endIpAddress: string };
}

/**
 * Firewall rules of SQL servers. A grant's `target` is the server, `subject` the IPv4 address, network
 * or range that is let in. Rules have no text of their own: what is ours is told by its name. Each is
 * put and deleted by its name, since a PUT of the collection replaces all of them (reference/azure.md,
 * SQL server firewall rule).
 */
export function sqlFirewallRules(azure: AzureClient): Connector {
  /** Every rule of the server that lets in what the grant names, and our own whatever it lets in. */
  async function find(spec: GrantSpec, signal: AbortSignal): Promise<FirewallRule[]> {
    const range = rangeOf(spec);
    const found: FirewallRule[] = [];
    const path = `${serverOf(spec)}/firewallRules?${API}`;
    for await (const page of azure.values('resource-manager', path, signal)) {
      for (const rule of page as FirewallRule[])
        if (letsIn(rule, range) || same(rule.name, nameOf(spec))) found.push(rule);
    }
    return found;
  }

  return {
    readsToConfirm: 1,
    pace: RESOURCE_MANAGER_PACE,

    apply: (order, signal) =>
      called(async () => {
        const { spec } = order;
        const { first, last, isEvery, text } = rangeOf(spec);
        // Azure takes 0.0.0.0 for every address of its own, those of other companies too.
        refuseEveryAddress([isEvery || text === '0.0.0.0' ? '0.0.0.0/0' : text], order);
        const path = `${serverOf(spec)}/firewallRules/${nameOf(spec)}?${API}`;
        const body = { properties: { startIpAddress: first, endIpAddress: last } };
        const answer = await azure.manage({ method: 'PUT', path, body }, signal);
        const failure = explained(answer, spec);
        return failure ?? { kind: 'done', placed: placedOf(answer.body as FirewallRule) };
      }),

    remove: ({ spec }, signal) =>
      called(async () => {
        for (const { id } of await find(spec, signal)) {
          const answer = await azure.manage({ method: 'DELETE', path: `${id}?${API}` }, signal);
          const failure = explained(answer, spec);
          if (failure && answer.status !== 404) return failure;
        }
        return { kind: 'done' };
      }),

    observe: ({ spec }, signal) =>
      looked(async () => {
        const [found] = await find(spec, signal);
        return found ? { kind: 'present', placed: placedOf(found) } : { kind: 'absent' };
      }),

    async *list(scope, signal) {
      for await (const target of resourcesIn(azure, scope, { type: SERVERS, api: API }, signal)) {
        const path = `${target}/firewallRules?${API}`;
        for await (const page of azure.values('resource-manager', path, signal)) {
          for (const rule of page as FirewallRule[]) {
            const { startIpAddress, endIpAddress } = rule.properties;
            const subject = rangeBetween(startIpAddress, endIpAddress);
            const spec = { kind: 'sql-firewall-rule', target, subject };
            yield { spec, placed: placedOf(rule) };
          }
        }
      }
    },
  };
}

/** A failure, with what would mend it where the server itself is closed. */
function explained(answer: AzureAnswer, spec: GrantSpec): CallOutcome | undefined {
  if (answer.status === 400 && errorCode(answer) === 'DenyPublicEndpointEnabled') {
    const message =
      `${errorText(answer)} The public network access of ${serverOf(spec)} is off, and meanwhile its ` +
      'firewall rules cannot be changed. A grant of the kind public-network-access beside this one ' +
      'would pass, or a private endpoint in place of both.';
    return { kind: 'refused', message };
  }
  return failureOf(answer);
}

function letsIn({ properties }: FirewallRule, { first, last }: AddressRange): boolean {
  return properties.startIpAddress === first && properties.endIpAddress === last;
}

function placedOf({ id, name }: FirewallRule): Placed {
  return { id, ours: name.startsWith(OURS) };
}

function nameOf(spec: GrantSpec): string {
  return `${OURS}${nameByKey(spec)}`;
}

function serverOf({ target }: GrantSpec): string {
  if (isResourceOf(target, SERVERS)) return withoutSlash(target);
  throw new BadSpec(
    `the target of a sql-firewall-rule is ${target}: a server would pass, ` +
      `/subscriptions/<guid>/resourceGroups/<name>/providers/${SERVERS}/<name>`,
  );
}

function rangeOf({ subject = '' }: GrantSpec): AddressRange {
  if (subject === '')
    throw new BadSpec('a sql-firewall-rule needs a subject: 203.0.113.7 or 203.0.113.0/24');
  const range = readRange(subject);
  if (range.family === 'ipv4') return range;
  throw new BadSpec(`${subject} is IPv6, which SQL servers do not know: 203.0.113.7 would pass`);
}
