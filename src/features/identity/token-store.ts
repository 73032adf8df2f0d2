import type { Approver } from '../../domain/delegation/people.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import { storedInstant } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { clearanceOf, evolveToken, type TokenEvent, type TokenState } from './token-events.ts';

/** The stream of one token, and its row. */
export const tokenStream: StreamKind<TokenState, TokenEvent> = {
  type: 'identity',
  ...knownEvents<TokenEvent>({ TokenCreated: 1, TokenRevoked: 1 }),
  evolve: evolveToken,
  write,
  tables: [
    {
      table: 'tokens',
      id: 'token_id',
      columns: ['version', 'state', 'secret_hash', 'expires_at', 'revoked_at'],
    },
  ],
  project,
};

function tokenRow({ tenantId, id, version, state }: StreamState<TokenState>) {
  return {
    tenant_id: tenantId,
    token_id: id,
    version,
    state,
    secret_hash: `\\x${state.secret_sha256}`,
    expires_at: state.expires_at,
    revoked_at: state.revoked_at ?? null,
  };
}

function write(tx: Transaction, changes: readonly StreamChange<TokenState>[]): void {
  tx.atCommit(
    `INSERT INTO lapse.tokens (tenant_id, token_id, version, state, secret_hash, expires_at, revoked_at)
     SELECT tenant_id, token_id, version, state, secret_hash::bytea, expires_at, revoked_at
     FROM json_to_recordset($1::json) AS r(tenant_id text, token_id text, version int, state json,
       secret_hash text, expires_at timestamptz, revoked_at timestamptz)
     ON CONFLICT (tenant_id, token_id) DO UPDATE
       SET version = EXCLUDED.version, state = EXCLUDED.state, revoked_at = EXCLUDED.revoked_at`,
    [JSON.stringify(changes.map(tokenRow))],
  );
}

function project(token: StreamState<TokenState>): ProjectedRow[][] {
  const { version, state, secret_hash, expires_at, revoked_at } = tokenRow(token);
  const revoked = revoked_at && storedInstant(revoked_at);
  return [[[String(version), state, secret_hash, storedInstant(expires_at), revoked]]];
}

/** Finds a token by the SHA-256 of its secret. */
export async function findBySecretHash(
  tx: Transaction,
  tenantId: string,
  secretHash: Uint8Array,
): Promise<{ token: TokenState; secretHash: Buffer } | undefined> {
  const [row] = await tx.query<{ state: TokenState; secret_hash: Buffer }>(
    'SELECT state, secret_hash FROM lapse.tokens WHERE tenant_id = $1 AND secret_hash = $2',
    [tenantId, secretHash],
  );
  return row && { token: row.state, secretHash: row.secret_hash };
}

/**
 * Everybody of some roles whose token opens something, the newest first: a person once for each token.
 * `now` is real time, epoch milliseconds.
 */
export async function readHolders(
  tx: Transaction,
  tenantId: string,
  roles: readonly string[],
  now: number,
): Promise<Approver[]> {
  const rows = await tx.query<{ state: TokenState }>(
    `SELECT state FROM lapse.tokens
     WHERE tenant_id = $1 AND state->>'role' = ANY($2) AND revoked_at IS NULL
       AND expires_at > to_timestamp($3::double precision / 1000)
     ORDER BY token_id DESC`,
    [tenantId, roles, now],
  );
  return rows.map(({ state }) => ({ ...holderOf(state), clearance: clearanceOf(state) }));
}

/** Who a token belongs to. */
export function holderOf({ token_id: id, name, role, email }: TokenState) {
  return email === undefined ? { id, name, role } : { id, name, role, email };
}
