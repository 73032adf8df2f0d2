import ipaddr from 'ipaddr.js';
import type { GrantOrder } from '../../domain/enforcement/connector.ts';
import { BadSpec } from './bad-spec.ts';

/** Addresses from one to another, both of them included. */
export interface AddressRange {
  /** As it is written best: an address, a network by its prefix, or `first-last`. */
  readonly text: string;
  readonly first: string;
  readonly last: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly size: 'one' | 'network' | 'range';
  /** Whether there is no address of its family outside it. */
  readonly isEvery: boolean;
  /** As IANA has it registered: `unicast` where it is public. */
  readonly registered: string;
}

/** What stands for every address in rules of networks. */
const EVERY = /^(?:\*|any|internet|0\.0\.0\.0\/0|::\/0)$/i;
const EXAMPLES = '203.0.113.7, 203.0.113.0/24 or 203.0.113.7-203.0.113.9';

/**
 * Reads an address, a network or a range, in the one form that each has, so that the same access is the
 * same text in every record and in the cloud.
 *
 * @throws BadSpec
 */
export function readRange(said: string): AddressRange {
  const text = said.trim().toLowerCase();
  const [from, to, ...more] = text.split('-').map((part) => part.trim());
  if (from !== undefined && to !== undefined && more.length === 0) return between(text, from, to);
  const range = text.includes('/') ? network(text) : one(text);
  if (!range) throw new BadSpec(`${said} is no address: ${EXAMPLES} would pass`);
  if (range.text !== text) throw new BadSpec(`${said} is written ${range.text}`);
  return range;
}

/** Refuses what opens to everybody, unless the record's scope says so. */
export function refuseEveryAddress(
  texts: readonly string[],
  { everyAddress }: Pick<GrantOrder, 'everyAddress'>,
): void {
  const every = texts.find((text) => EVERY.test(text.trim()));
  if (every === undefined || everyAddress) return;
  throw new BadSpec(
    `${every} is every address: the addresses that need it would pass, such as 203.0.113.0/24, or a ` +
      'record whose scope.endpoints names 0.0.0.0/0, with its scope_justification',
  );
}

function one(text: string): AddressRange | undefined {
  const address = parsed(text);
  if (!address) return undefined;
  const name = address.toString();
  return {
    text: name,
    first: name,
    last: name,
    family: address.kind(),
    size: 'one',
    isEvery: false,
    registered: address.range(),
  };
}

function network(text: string): AddressRange | undefined {
  const [base = '', bits = '', ...more] = text.split('/');
  const address = parsed(base);
  const isFour = address?.kind() === 'ipv4';
  const longest = isFour ? 32 : 128;
  if (!address || more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > longest)
    return undefined;
  if (Number(bits) === longest) return one(base);
  const prefix = Number(bits);
  const all = address.toByteArray();
  const edge = (fill: 0 | 1) =>
    ipaddr.fromByteArray(all.map((byte, index) => filled(byte, prefix - index * 8, fill)));
  const first = edge(0).toString();
  return {
    text: `${first}/${prefix}`,
    first,
    last: edge(1).toString(),
    family: address.kind(),
    size: 'network',
    isEvery: prefix === 0,
    registered: address.range(),
  };
}

/** A byte whose bits after the first so many are all the same. */
function filled(byte: number, kept: number, fill: 0 | 1): number {
  if (kept >= 8) return byte;
  const mask = kept <= 0 ? 0xff : 0xff >> kept;
  return fill === 1 ? byte | mask : byte & ~mask;
}

function between(text: string, from: string, to: string): AddressRange {
  const [first, last] = [one(from), one(to)];
  if (!first || !last || first.family !== last.family)
    throw new BadSpec(`${text} is no range of addresses: ${EXAMPLES} would pass`);
  if (`${first.text}-${last.text}` !== text)
    throw new BadSpec(`${text} is written ${first.text}-${last.text}`);
  const order = compared(from, to);
  if (order === 0) throw new BadSpec(`${text} is written ${first.text}`);
  if (order > 0) throw new BadSpec(`${text} ends before it begins: ${to}-${from} would pass`);
  const network = networkOf(first.text, last.text);
  if (network) throw new BadSpec(`${text} is written ${network.text}`);
  return { ...first, text, last: last.text, size: 'range' };
}

/** The range from one address to another, as a network where it is one. */
export function rangeBetween(first: string, last: string): string {
  return first === last ? first : (networkOf(first, last)?.text ?? `${first}-${last}`);
}

function networkOf(first: string, last: string): AddressRange | undefined {
  const longest = first.includes(':') ? 128 : 32;
  for (let prefix = 0; prefix < longest; prefix += 1) {
    const found = network(`${first}/${prefix}`);
    if (found?.first === first && found.last === last) return found;
  }
  return undefined;
}

function compared(one: string, other: string): number {
  return Buffer.compare(
    Buffer.from(ipaddr.parse(one).toByteArray()),
    Buffer.from(ipaddr.parse(other).toByteArray()),
  );
}

function parsed(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)
    ? ipaddr.IPv6.parse(text)
    : undefined;
}
