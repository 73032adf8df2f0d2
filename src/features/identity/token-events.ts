import type { Actor, Role } from '../../domain/access/actor.ts';
import { type Classification, FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import type { Permission } from '../../domain/access/permissions.ts';
import { formatInstant, parseInstant } from '../../domain/schedule/instant.ts';

/** A token's life in the ledger. The secret itself is never in it; its SHA-256 is. */
export type TokenEvent =
  | {
      readonly type: 'TokenCreated';
      readonly data: {
        readonly name: string;
        readonly email?: string;
        readonly role: Role;
        readonly scopes?: readonly Permission[];
        /** Absent in events from before there was clearance. */
        readonly clearance?: Classification;
        readonly secret_sha256: string;
        readonly expires_at: string;
      };
    }
  | { readonly type: 'TokenRevoked'; readonly data: { readonly reason?: string } };

/** A token as it stands; instants are RFC 3339 texts in real time. */
export interface TokenState {
  readonly token_id: string;
  readonly name: string;
  readonly email?: string;
  readonly role: Role;
  /** What of its role's permissions it may use; all of them where there are none. */
  readonly scopes?: readonly Permission[];
  readonly clearance?: Classification;
  readonly secret_sha256: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string;
  readonly revoked_at?: string;
}

/** The token after one more event. */
export function evolveToken(
  state: TokenState | undefined,
  event: TokenEvent,
  { streamId, at, actor }: { streamId: string; at: number; actor: Actor },
): TokenState {
  if (event.type === 'TokenCreated') {
    return {
      token_id: streamId,
      ...event.data,
      created_at: formatInstant(at),
      created_by: actor.id,
    };
  }
  if (!state) throw new Error(`token ${streamId} begins with ${event.type}`);
  return { ...state, revoked_at: formatInstant(at) };
}

/** Whether the token opens anything at `now` (epoch milliseconds, real time). */
export function isUsable(token: TokenState, now: number): boolean {
  return token.revoked_at === undefined && now < (parseInstant(token.expires_at) ?? 0);
}

/** What the token is cleared for; those from before there was clearance see what they saw. */
export function clearanceOf({ clearance = FULL_CLEARANCE }: TokenState): Classification {
  return clearance;
}
