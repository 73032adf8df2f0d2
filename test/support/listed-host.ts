import type { ListedHost } from '../../src/platform/outbound/ask-outside.ts';

/** The host of an address, as an operator lists it with its port. */
export function listedHost(address: string): ListedHost {
  const { hostname: host, port } = new URL(address);
  return { host, port: Number(port) };
}
