import type { GrantOrder } from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { readRange, refuseEveryAddress } from './addresses.ts';
import { BadSpec } from './bad-spec.ts';

/** What a rule lets pass or keeps out, in the terms of a record. */
export interface NetworkRule {
  readonly access: 'Allow' | 'Deny';
  readonly direction: 'Inbound' | 'Outbound' | undefined;
  /** `Tcp`, `Udp`, `Icmp` or `*`, as the record's parameter says. */
  readonly protocol: string;
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly ports: readonly string[];
}

const PROTOCOLS = ['Tcp', 'Udp', 'Icmp', '*'];
/** Azure's names for sets of addresses, as `AzureLoadBalancer` or `Storage.WestEurope`. */
const SERVICE_TAG = /^[a-z][a-z0-9]{1,60}(?:\.[a-z0-9]{1,60})?$/i;

/**
 * Reads the rule of a grant from its parameters: `direction` (where the kind has one), `access` (Allow
 * unless given), `protocol`, `source` (or the subject), `destination` and `ports`, lists with commas.
 *
 * @throws BadSpec
 */
export function readNetworkRule(
  { subject, parameters = {} }: GrantSpec,
  { hasDirection }: { readonly hasDirection: boolean },
): NetworkRule {
  const said = parameters.source ?? subject;
  if (subject !== undefined && parameters.source !== undefined && subject !== parameters.source)
    throw new BadSpec('subject and parameters.source name other addresses: one of them is enough');
  return {
    access: oneOf('access', parameters.access ?? 'Allow', ['Allow', 'Deny']),
    direction: hasDirection
      ? oneOf<'Inbound' | 'Outbound'>('direction', parameters.direction, ['Inbound', 'Outbound'])
      : undefined,
    protocol: oneOf('protocol', parameters.protocol, PROTOCOLS),
    source: addresses('source', said),
    destination: addresses('destination', parameters.destination),
    ports: listed('ports', parameters.ports, '443 or 8000-8100,9000').map(port),
  };
}

/** The priority of a grant's rule. @throws BadSpec */
export function readPriority({ parameters }: GrantSpec, least: number, most: number): number {
  const said = parameters?.priority ?? '';
  const priority = /^\d{1,6}$/.test(said) ? Number(said) : Number.NaN;
  if (priority >= least && priority <= most) return priority;
  const found = said === '' ? 'missing' : said;
  throw new BadSpec(
    `parameters.priority is ${found}: a number from ${least} to ${most} would pass`,
  );
}

/** Refuses a rule that lets everybody in, or out to everywhere, unless the record's scope says so. */
export function refuseOpenRule(rule: NetworkRule, order: GrantOrder): void {
  const { access, direction, source, destination } = rule;
  if (access === 'Deny') return;
  // What lies behind a security group is its own; a firewall has both sides.
  if (direction !== 'Outbound') refuseEveryAddress(source, order);
  if (direction !== 'Inbound') refuseEveryAddress(destination, order);
}

/** Whether two rules let the same pass. */
export function isSameRule(one: NetworkRule, other: NetworkRule): boolean {
  return textOf(one) === textOf(other);
}

/** A rule as a record would list it: sorted lists, so that the same rule has the same key. */
export function specOfRule(
  { access, direction, protocol, source, destination, ports }: NetworkRule,
  priority: number | undefined,
): Pick<GrantSpec, 'subject' | 'parameters'> {
  return {
    subject: source.join(','),
    parameters: {
      ...(direction === undefined ? {} : { direction }),
      access,
      protocol,
      destination: destination.join(','),
      ports: ports.join(','),
      ...(priority === undefined ? {} : { priority: String(priority) }),
    },
  };
}

function textOf({ access, direction, protocol, source, destination, ports }: NetworkRule): string {
  const lists = [source, destination, ports].map((list) => list.map(plain).sort().join(','));
  return [access, direction ?? '', protocol, ...lists].join('\n').toLowerCase();
}

/** One form for what the cloud writes in more than one. */
function plain(text: string): string {
  const said = text.trim().toLowerCase();
  if (/^(?:any|0\.0\.0\.0\/0)$/.test(said)) return '*';
  return said.replace(/\/32$/, '');
}

function addresses(name: string, said: string | undefined): string[] {
  const example = '203.0.113.7, 10.1.0.0/24 or a service tag such as VirtualNetwork';
  return listed(name, said, example).map((text) =>
    text === '*' || SERVICE_TAG.test(text) ? text : readRange(text).text,
  );
}

function port(text: string): string {
  const [from, to] = text.split('-').map(Number);
  const isOne = /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
  const isRange =
    /^\d{1,5}-\d{1,5}$/.test(text) && Number(from) < Number(to) && Number(to) <= 65_535;
  if (text === '*' || isOne || isRange) return text;
  throw new BadSpec(`${text} is no port: 443, 8000-8100 or * would pass`);
}

function listed(name: string, said: string | undefined, example: string): string[] {
  const list = (said ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (list.length > 0) return list;
  throw new BadSpec(`parameters.${name} is missing: ${example} would pass`);
}

function oneOf<Choice extends string>(
  name: string,
  said: string | undefined,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice.toLowerCase() === said?.trim().toLowerCase());
  if (found !== undefined) return found;
  throw new BadSpec(
    `parameters.${name} is ${said === undefined ? 'missing' : said}: ${choices.join(', ')} would pass`,
  );
}
