import { DomainError } from '../../domain/errors.ts';
import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
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
export const relyingPartyStream: StreamKind<RelyingParty, RelyingPartyEvent> = {
  type: 'relying_party',
  upcast(type, version, data) {
    if (['RelyingPartyFixed', 'RelyingPartyMoved'].includes(type) && version === 1)
      return { type, data } as RelyingPartyEvent;
    throw new Error(`unknown event ${type} version ${version}`);
  },
  versionOf: () => 1,
  evolve: (_, { data: { rp_id, origins } }) => ({ rp_id, origins }),
  write,
  tables: [{ table: 'relying_parties', id: 'party_id', columns: ['version', 'state'] }],
  project: ({ version, state }: StreamState<RelyingParty>): ProjectedRow[][] => [
    [[String(version), state]],
  ],
};

function write(tx: Transaction, changes: readonly StreamChange<RelyingParty>[]): void {
  const rows = changes.map(({ tenantId, id, version, state }) => ({
    ...{ tenant_id: tenantId, party_id: id, version, state },
  }));
  tx.atCommit(
    `INSERT INTO lapse.relying_parties (tenant_id, party_id, version, state)
     SELECT tenant_id, party_id, version, state
     FROM json_to_recordset($1::json) AS r(tenant_id text, party_id text, version int, state json)
     ON CONFLICT (tenant_id, party_id) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state`,
    [JSON.stringify(rows)],
  );
}

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
