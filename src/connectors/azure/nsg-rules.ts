import type { Connector, GrantOrder, Placed } from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import type { AzureClient } from './azure-client.ts';
import { BadSpec } from './bad-spec.ts';
import { begun, isUnderWay, NETWORK_PACE, stillUnderWay } from './long-running.ts';
import { markFor, markIn } from './mark.ts';
import { nameByKey } from './name-by-key.ts';
import {
  isSameRule,
  type NetworkRule,
  readNetworkRule,
  readPriority,
  refuseOpenRule,
  specOfRule,
} from './network-rule.ts';
import { called, looked } from './outcomes.ts';
import { resourcesIn } from './resources-in.ts';
import { isResourceOf, same, withoutSlash } from './scopes.ts';

const API = 'api-version=2025-05-01';
const GROUPS = 'Microsoft.Network/networkSecurityGroups';

/** A security rule as Resource Manager answers it; only what is used. */
interface SecurityRule {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly provisioningState?: string;
    readonly description?: string | null;
    readonly access: 'Allow' | 'Deny';
    readonly direction: 'Inbound' | 'Outbound';
    readonly protocol: string;
    readonly priority: number;
    readonly sourcePortRange?: string | null;
    readonly sourcePortRanges?: readonly string[];
    readonly sourceAddressPrefix?: string | null;
    readonly sourceAddressPrefixes?: readonly string[];
    readonly destinationAddressPrefix?: string | null;
    readonly destinationAddressPrefixes?: readonly string[];
    readonly destinationPortRange?: string | null;
    readonly destinationPortRanges?: readonly string[];
  };
}

/**
 * Rules of network security groups. A grant's `target` is the group, its parameters are the rule
 * (`network-rule.ts`) with its `priority`, 100 to 4096. The same rule under another name is the same
 * access. PUT and DELETE go on after their answer (reference/azure.md, NSG rule).
 */
export function nsgRules(azure: AzureClient): Connector {
  /** Our own rule, and those of others that let the same pass. */
  async function find(spec: GrantSpec, signal: AbortSignal): Promise<SecurityRule[]> {
    const rule = readNetworkRule(spec, { hasDirection: true });
    const own = nameOf(spec);
    const found: SecurityRule[] = [];
    const path = `${groupOf(spec)}/securityRules?${API}`;
    for await (const page of azure.values('resource-manager', path, signal)) {
      for (const one of page as SecurityRule[])
        if (same(one.name, own) || letsPass(one, rule)) found.push(one);
    }
    return found;
  }

  return {
    readsToConfirm: 1,
    pace: NETWORK_PACE,

    apply: (order, signal) =>
      called(async () => {
        const { spec } = order;
        const rule = readNetworkRule(spec, { hasDirection: true });
        const priority = readPriority(spec, 100, 4096);
        refuseOpenRule(rule, order);
        const there = (await find(spec, signal)).find((one) =>
          isAsAsked(one, rule, same(one.name, nameOf(spec)) ? priority : undefined),
        );
        if (there) {
          const placed = placedOf(there);
          return isUnderWay(there)
            ? { kind: 'pending', retryAfter: 10_000, placed }
            : { kind: 'done', placed };
        }
        const path = pathOf(spec);
        const body = { properties: propertiesOf(rule, priority, order) };
        const answer = await azure.manage({ method: 'PUT', path: `${path}?${API}`, body }, signal);
        return begun(answer, { id: path, ours: true });
      }),

    remove: ({ spec, placed }, signal) =>
      called(async () => {
        const found = (await find(spec, signal)).map(({ id }) => id);
        const [first] = found;
        if (first === undefined) return { kind: 'done' };
        // One after the other: the group takes one change at a time.
        const answer = await azure.manage({ method: 'DELETE', path: `${first}?${API}` }, signal);
        if (answer.status === 404) return { kind: 'done' };
        const begins = begun(answer, placed ?? { id: first, ours: false });
        const isTaken = begins.kind === 'done' || begins.kind === 'pending';
        if (!isTaken || found.length === 1) return begins;
        const message = `one of ${found.length} rules that let the same pass was taken away; the others follow`;
        return { kind: 'retry', retryAfter: 10_000, message };
      }),

    observe: ({ spec, placed }, signal) =>
      looked(async () => {
        const [found] = await find(spec, signal);
        const waits = await stillUnderWay(azure, placed, signal);
        if (waits) return waits;
        if (!found) return { kind: 'absent' };
        return { kind: 'present', placed: placedOf(found) };
      }),

    async *list(scope, signal) {
      for await (const group of resourcesIn(azure, scope, { type: GROUPS, api: API }, signal)) {
        const path = `${group}/securityRules?${API}`;
        for await (const page of azure.values('resource-manager', path, signal)) {
          for (const one of page as SecurityRule[]) {
            const { priority, description } = one.properties;
            const rule = ruleOf(one);
            if (!rule) continue;
            const markedFor = markIn(description);
            yield {
              spec: { kind: 'nsg-rule', target: group, ...specOfRule(rule, priority) },
              placed: placedOf(one),
              ...(markedFor === undefined ? {} : { markedFor }),
            };
          }
        }
      }
    },
  };
}

function isAsAsked(one: SecurityRule, rule: NetworkRule, priority: number | undefined): boolean {
  return letsPass(one, rule) && (priority === undefined || one.properties.priority === priority);
}

function letsPass(one: SecurityRule, rule: NetworkRule): boolean {
  const read = ruleOf(one);
  return read !== undefined && isSameRule(read, rule);
}

/** A rule of the cloud in our terms; `undefined` for one that also looks at ports of the source. */
function ruleOf({ properties: it }: SecurityRule): NetworkRule | undefined {
  const sourcePorts = both(it.sourcePortRange, it.sourcePortRanges);
  if (sourcePorts.join() !== '*') return undefined;
  return {
    access: it.access,
    direction: it.direction,
    protocol: it.protocol,
    source: both(it.sourceAddressPrefix, it.sourceAddressPrefixes),
    destination: both(it.destinationAddressPrefix, it.destinationAddressPrefixes),
    ports: both(it.destinationPortRange, it.destinationPortRanges),
  };
}

/** Azure has one property for a single value and another for several. */
function both(single: string | null | undefined, several: readonly string[] = []): string[] {
  return [...(single ? [single] : []), ...several];
}

function propertiesOf(rule: NetworkRule, priority: number, { grantId }: GrantOrder) {
  const { access, direction, protocol, source, destination, ports } = rule;
  return {
    description: markFor(grantId),
    access,
    direction,
    protocol,
    priority,
    sourcePortRange: '*',
    ...oneOrMany('sourceAddressPrefix', 'sourceAddressPrefixes', source),
    ...oneOrMany('destinationAddressPrefix', 'destinationAddressPrefixes', destination),
    ...oneOrMany('destinationPortRange', 'destinationPortRanges', ports),
  };
}

function oneOrMany(single: string, several: string, values: readonly string[]) {
  return values.length === 1 ? { [single]: values[0] } : { [several]: values };
}

function placedOf({ id, properties }: SecurityRule): Placed {
  return { id, ours: markIn(properties.description) !== undefined };
}

function nameOf(spec: GrantSpec): string {
  return `lapse-${nameByKey(spec)}`;
}

function pathOf(spec: GrantSpec): string {
  return `${groupOf(spec)}/securityRules/${nameOf(spec)}`;
}

function groupOf({ target }: GrantSpec): string {
  if (isResourceOf(target, GROUPS)) return withoutSlash(target);
  throw new BadSpec(
    `the target of an nsg-rule is ${target}: a network security group would pass, ` +
      `/subscriptions/<guid>/resourceGroups/<name>/providers/${GROUPS}/<name>`,
  );
}
