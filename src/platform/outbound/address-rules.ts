import ipaddr from 'ipaddr.js';

/** Where clouds hand out credentials; inside ranges that a listed host may lie in, or public. */
const METADATA = new Set(['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16']);
/** What only hosts that the operator has listed may resolve to. */
const INTERNAL: ReadonlySet<string> = new Set([
  'private',
  'loopback',
  'uniqueLocal',
  'carrierGradeNat',
]);

/**
 * Why a server may not connect to an address, as words that follow "is"; `undefined` where it may.
 * Public unicast passes, and of a host that the operator has listed (`isListed`) what is private,
 * too. Link-local, multicast and reserved addresses and the metadata services of clouds never do.
 * An IPv4 address inside of an IPv6 one (mapped, NAT64) is judged as what it leads to.
 */
export function addressRefusal(text: string, isListed: boolean): string | undefined {
  if (!ipaddr.isValid(text)) return 'no IP address';
  const address = innermost(ipaddr.process(text));
  const name = address.toString();
  if (METADATA.has(name)) return 'the metadata service of a cloud';
  const range = address.range();
  // Only 2000::/3 is public IPv6; the library calls what nobody has registered unicast as well.
  const isPublic = address.kind() === 'ipv4' || /^[23]/.test(address.toNormalizedString());
  if (range === 'unicast') return isPublic ? undefined : 'a reserved address';
  if (INTERNAL.has(range)) {
    return isListed ? undefined : `an internal address (${WORDS[range] ?? range})`;
  }
  return `not a public address (${WORDS[range] ?? range})`;
}

const WORDS: Readonly<Record<string, string>> = {
  uniqueLocal: 'unique local',
  carrierGradeNat: 'carrier-grade NAT',
  linkLocal: 'link-local',
};

/** The IPv4 address that NAT64 translates to (RFC 6052, section 2.1), or the address itself. */
function innermost(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  const isNat64 = address.kind() === 'ipv6' && address.range() === 'rfc6052';
  return isNat64 ? new ipaddr.IPv4(address.toByteArray().slice(-4)) : address;
}
