import { DomainError } from '../../domain/errors.ts';
import { plainStream } from '../../journal/plain-stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** Whom passkeys are for: the domain that they belong to, and the pages that may ask for them. */
export interface RelyingParty {
  /** A domain name, without scheme and port. */
  readonly rp_id: string;
  readonly origins: readonly string[];
}

/** The first passkey of a tenant fixes its relying party; nothing but a command moves it. */
export type RelyingPartyEvent =
  | { readonly type: 'RelyingPartyFixed'; readonly data: RelyingParty }
  | {
      readonly type: 'RelyingPartyMoved';
      readonly data: RelyingParty & { readonly reason: string };
    };

/** The stream of a tenant's relying party, which bears the tenant's id, and its row. */
export const relyingPartyStream = plainStream<RelyingParty, RelyingPartyEvent>({
  type: 'relying_party',
  table: 'relying_parties',
  id: 'party_id',
  versions: { RelyingPartyFixed: 1, RelyingPartyMoved: 1 },
  evolve: (_, { data: { rp_id, origins } }) => ({ rp_id, origins }),
});

/** The relying party that a tenant's passkeys belong to; none before the first. */
export async function readRelyingParty(
  tx: Transaction,
  tenantId: string,
): Promise<{ readonly version: number; readonly state: RelyingParty } | undefined> {
  const [row] = await tx.query<{ version: number; state: RelyingParty }>(
    'SELECT version, state FROM lapse.relying_parties WHERE tenant_id = $1 AND party_id = $1',
    [tenantId],
  );
  return row;
}

/**
 * The relying party of a public address. Refuses one that browsers make no passkeys for: they take a
 * domain name over TLS, or localhost (Web Authentication Level 3, section 5.1.3).
 */
export function relyingPartyAt(publicUrl: string): RelyingParty {
  const { hostname, origin, protocol } = new URL(publicUrl);
  const isName = /[a-z]$/i.test(hostname);
  if (isName && (protocol === 'https:' || /^(.+\.)?localhost$/.test(hostname)))
    return { rp_id: hostname, origins: [origin] };
  throw new DomainError(
    'wrong-state',
    `browsers make no passkeys for ${origin}: set LAPSE_PUBLIC_URL to an https address with a domain name, or to http://localhost`,
  );
}

/** Refuses where passkeys belong to another address than this server's. */
export function assertSameParty(fixed: RelyingParty, here: RelyingParty): void {
  const [origin = ''] = here.origins;
  if (fixed.rp_id === here.rp_id && fixed.origins.includes(origin)) return;
  throw new DomainError(
    'wrong-state',
    `the passkeys of this tenant belong to ${fixed.origins.join(', ')}, and this is ${origin}; an administrator moves them with lapse passkeys move`,
  );
}
