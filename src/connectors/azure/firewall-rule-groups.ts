import type {
  CallOutcome,
  Connector,
  GrantOrder,
  Observation,
  Placed,
} from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { type AzureAnswer, type AzureClient, errorCode, errorText } from './azure-client.ts';
import { BadSpec } from './bad-spec.ts';
import {
  begun,
  isUnderWay,
  type LongRunning,
  NETWORK_PACE,
  stillUnderWay,
} from './long-running.ts';
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
const POLICIES = 'Microsoft.Network/firewallPolicies';
/** A policy takes one change at a time, and one takes minutes. */
const PACE = { ...NETWORK_PACE, atOnce: 1 };
const WAITS_FOR_OTHERS = 30_000;
const BUSY = /^(?:RetryableErrorDueToAnotherOperation|AnotherOperationInProgress)$/;
const PROTOCOLS: Readonly<Record<string, string>> = {
  Tcp: 'TCP',
  Udp: 'UDP',
  Icmp: 'ICMP',
  '*': 'Any',
};

/** A rule collection group as Resource Manager answers it; only what is used. */
interface RuleGroup extends LongRunning {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly provisioningState?: string;
    readonly priority?: number;
    readonly ruleCollections?: readonly {
      readonly action?: { readonly type?: string };
      readonly rules?: readonly PolicyRule[];
    }[];
  };
}

interface PolicyRule {
  readonly ruleType: string;
  readonly description?: string | null;
  readonly ipProtocols?: readonly string[];
  readonly sourceAddresses?: readonly string[];
  readonly destinationAddresses?: readonly string[];
  readonly destinationPorts?: readonly string[];
}

/**
 * Rule collection groups of Azure Firewall policies. A grant's `target` is the policy, its parameters
 * are the rule (`network-rule.ts`, without a direction) with the group's `priority`, 100 to 65000. A PUT
 * replaces a whole group, so each grant has a group of its own. A group of others that holds the same
 * rule and nothing else is the same access; where it holds more, a person has to take the rule out of it
 * (reference/azure.md, Azure Firewall rule collection group).
 */
export function firewallRuleGroups(azure: AzureClient): Connector {
  /** The groups in which the grant's rule stands, and our own whatever it holds. */
  async function find(spec: GrantSpec, signal: AbortSignal): Promise<RuleGroup[]> {
    const rule = readNetworkRule(spec, { hasDirection: false });
    const found: RuleGroup[] = [];
    const path = `${policyOf(spec)}/ruleCollectionGroups?${API}`;
    for await (const page of azure.values('resource-manager', path, signal)) {
      for (const group of page as RuleGroup[]) {
        const holdsIt = rulesOf(group).some(([one]) => one && isSameRule(one, rule));
        if (holdsIt || isOwn(group, spec)) found.push(group);
      }
    }
    return found;
  }

  return {
    readsToConfirm: 1,
    pace: PACE,

    apply: (order, signal) =>
      called(async () => {
        const { spec } = order;
        const rule = readNetworkRule(spec, { hasDirection: false });
        const priority = readPriority(spec, 100, 65_000);
        refuseOpenRule(rule, order);
        const found = await find(spec, signal);
        const own = found.find((group) => isOwn(group, spec));
        const there = own ?? found[0];
        if (there && (there !== own || isWhole(there, rule, priority))) {
          const placed = placedOf(there);
          return isUnderWay(there)
            ? { kind: 'pending', retryAfter: WAITS_FOR_OTHERS, placed }
            : { kind: 'done', placed };
        }
        const id = `${policyOf(spec)}/ruleCollectionGroups/${nameOf(spec)}`;
        const body = groupFor(rule, priority, order);
        const answer = await azure.manage({ method: 'PUT', path: `${id}?${API}`, body }, signal);
        return taken(answer, { id, ours: true });
      }),

    remove: ({ spec, placed }, signal) =>
      called(async () => {
        const found = await find(spec, signal);
        const [group] = found.filter((one) => isOwn(one, spec) || rulesOf(one).length === 1);
        const [other] = found;
        if (!group && other) {
          const message = `${other.id} holds other rules as well, and a group is replaced whole: somebody who knows them has to take this rule out of it`;
          return { kind: 'refused', message };
        }
        if (!group) return { kind: 'done' };
        const path = `${group.id}?${API}`;
        const answer = await azure.manage({ method: 'DELETE', path }, signal);
        if (answer.status === 404) return { kind: 'done' };
        const outcome = taken(answer, placed ?? { id: group.id, ours: false });
        const isTaken = outcome.kind === 'done' || outcome.kind === 'pending';
        if (!isTaken || found.length === 1) return outcome;
        const message = `the rule stands in ${found.length} groups; one was taken away, the others follow`;
        return { kind: 'retry', retryAfter: WAITS_FOR_OTHERS, message };
      }),

    observe: ({ spec, placed }, signal) =>
      looked(async (): Promise<Observation> => {
        const [found] = await find(spec, signal);
        const waits = await stillUnderWay(azure, placed, signal);
        if (waits) return waits;
        return found ? { kind: 'present', placed: placedOf(found) } : { kind: 'absent' };
      }),

    async *list(scope, signal) {
      for await (const target of resourcesIn(azure, scope, { type: POLICIES, api: API }, signal)) {
        const path = `${target}/ruleCollectionGroups?${API}`;
        for await (const page of azure.values('resource-manager', path, signal)) {
          for (const group of page as RuleGroup[]) {
            for (const [rule, { description }] of rulesOf(group)) {
              if (!rule) continue;
              const markedFor = markIn(description);
              const told = specOfRule(rule, group.properties.priority);
              yield {
                spec: { kind: 'firewall-rule-group', target, ...told },
                placed: placedOf(group),
                ...(markedFor === undefined ? {} : { markedFor }),
              };
            }
          }
        }
      }
    },
  };
}

/** A policy that is busy has its lane wait: nothing is wrong with the call, and it counts as none. */
function taken(answer: AzureAnswer, placed: Placed): CallOutcome {
  if (BUSY.test(errorCode(answer) ?? ''))
    return { kind: 'throttled', retryAfter: WAITS_FOR_OTHERS, message: errorText(answer) };
  return begun(answer, placed);
}

/** The rules of a group; those that no record can list, as rules for names of hosts, without theirs. */
function rulesOf({ properties }: RuleGroup): [NetworkRule | undefined, PolicyRule][] {
  return (properties.ruleCollections ?? []).flatMap(({ action, rules = [] }) =>
    rules.map((rule): [NetworkRule | undefined, PolicyRule] => [ruleOf(rule, action?.type), rule]),
  );
}

function ruleOf(rule: PolicyRule, action: string | undefined): NetworkRule | undefined {
  const [protocol, ...more] = rule.ipProtocols ?? [];
  const [name] = Object.entries(PROTOCOLS).find(([, theirs]) => theirs === protocol) ?? [];
  const { sourceAddresses: source = [], destinationAddresses: destination = [] } = rule;
  const isOurs = rule.ruleType === 'NetworkRule' && more.length === 0 && source.length > 0;
  if (!isOurs || name === undefined || destination.length === 0) return undefined;
  return {
    access: action === 'Deny' ? 'Deny' : 'Allow',
    direction: undefined,
    protocol: name,
    source,
    destination,
    ports: rule.destinationPorts ?? [],
  };
}

/** Whether a group is what Lapse would put there, and nothing beside it. */
function isWhole(group: RuleGroup, rule: NetworkRule, priority: number): boolean {
  const [first, ...more] = rulesOf(group);
  const isIt = first?.[0] !== undefined && isSameRule(first[0], rule);
  return isIt && more.length === 0 && group.properties.priority === priority;
}

function groupFor(rule: NetworkRule, priority: number, { grantId }: GrantOrder) {
  return {
    properties: {
      priority,
      ruleCollections: [
        {
          ruleCollectionType: 'FirewallPolicyFilterRuleCollection',
          name: 'lapse',
          priority,
          action: { type: rule.access },
          rules: [
            {
              ruleType: 'NetworkRule',
              name: 'lapse',
              description: markFor(grantId),
              ipProtocols: [PROTOCOLS[rule.protocol]],
              sourceAddresses: rule.source,
              destinationAddresses: rule.destination,
              destinationPorts: rule.ports,
            },
          ],
        },
      ],
    },
  };
}

function placedOf(group: RuleGroup): Placed {
  const isMarked = rulesOf(group).some(([, { description }]) => markIn(description) !== undefined);
  return { id: group.id, ours: isMarked };
}

function isOwn({ name }: RuleGroup, spec: GrantSpec): boolean {
  return same(name, nameOf(spec));
}

function nameOf(spec: GrantSpec): string {
  return `lapse-${nameByKey(spec)}`;
}

function policyOf({ target }: GrantSpec): string {
  if (isResourceOf(target, POLICIES)) return withoutSlash(target);
  throw new BadSpec(
    `the target of a firewall-rule-group is ${target}: a firewall policy would pass, ` +
      `/subscriptions/<guid>/resourceGroups/<name>/providers/${POLICIES}/<name>`,
  );
}
