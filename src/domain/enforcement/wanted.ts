import { isInForce } from '../exception/advance.ts';
import type { ExceptionState } from '../exception/state.ts';
import { type Instant, SECOND } from '../schedule/instant.ts';
import type { Placed } from './connector.ts';
import { type GrantSpec, grantKey, grantsOf, type ListedGrant } from './grant-spec.ts';

/** What a record wants of one of its grants at an instant: never anything in between. */
export type Wanted =
  | {
      readonly presence: 'present';
      /** When it is wanted absent. */
      readonly until: Instant;
      /** The end that the cloud itself may have for it. */
      readonly nativeEnd: Instant;
    }
  | {
      readonly presence: 'absent';
      /** Since when. */
      readonly since: Instant;
      /** The successor's grant of the same access, which goes on with what stands there. */
      readonly handOverTo?: ListedGrant;
    };

/**
 * What a record wants of a grant, by time alone and never by a stored status: present while the record
 * is in force, absent otherwise (DESIGN section 1). `record` must have been advanced to `now`, and so
 * must its successor. A renewal that is ready has the same access go on: the end in the cloud is the
 * successor's before this record's own comes, so that there is no gap, and at the end it is handed over.
 */
export function wantedOf(
  record: ExceptionState,
  spec: GrantSpec,
  now: Instant,
  successor?: ExceptionState,
): Wanted {
  const heir = record.renewed_by && successor && heirOf(successor, spec);
  if (isInForce(record, now)) {
    const until = record.expires_at ?? now;
    const nativeEnd = heir ? Math.max(until, successor.expires_at ?? until) : until;
    return { presence: 'present', until, nativeEnd };
  }
  const since = record.ended?.at ?? record.closed?.at ?? record.expires_at ?? now;
  const goesOn = heir && record.closed?.reason === 'renewed' && wasInForce(successor);
  return { presence: 'absent', since, ...(goesOn ? { handOverTo: heir } : {}) };
}

/**
 * Whether what stands in the cloud has the end that is wanted there. Clouds keep ends in whole seconds;
 * what has none there is ended by the removal alone.
 */
export function hasWantedEnd(
  placed: Placed | undefined,
  { nativeEnd }: Extract<Wanted, { presence: 'present' }>,
): boolean {
  return placed?.endsAt === undefined || Math.abs(placed.endsAt - nativeEnd) < SECOND;
}

/** The grant of a successor that is the same access. */
function heirOf(successor: ExceptionState, spec: GrantSpec): ListedGrant | undefined {
  const key = grantKey(spec);
  // Before it is active its grants have no ids that could be written to; the end is all that matters.
  const listed = grantsOf({ ...successor, activated_at: successor.activated_at ?? 0 });
  return listed.find((grant) => grantKey(grant.spec) === key);
}

function wasInForce({ activated_at }: ExceptionState): boolean {
  return activated_at !== undefined;
}
