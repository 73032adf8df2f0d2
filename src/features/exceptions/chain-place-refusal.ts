import { DatabaseError } from 'pg';
import { DomainError } from '../../domain/errors.ts';
import { isBreakGlass } from '../../domain/exception/break-glass.ts';
import { stateAt } from '../../domain/exception/catch-up.ts';
import { heldPlaces, keyOf } from '../../domain/exception/lineage.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type StateColumns, stateOf } from './exception-row.ts';

/** Whether a transaction failed because another record holds a place that its request takes. */
export function isPlaceTaken(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23505' &&
    error.constraint === 'exception_chain_places_pkey'
  );
}

/**
 * Why a request could not take its places: the newest record of its lineage, and what to do with that
 * one instead. Asked for after the write was refused, so that requests that may pass look at nothing;
 * of one that the transaction may not see, nothing is told.
 */
export async function placeRefusal(
  tx: Transaction,
  tenantId: string,
  request: ExceptionState,
  policy: Policy,
): Promise<DomainError> {
  const isEmergency = isBreakGlass(request);
  const [place = ''] = heldPlaces(request);
  // The numbers of the chain, or the one place that emergencies have beside them.
  const from = isEmergency ? place : `${keyOf(place)}/0`;
  const [row] = await tx.query<StateColumns & { [column: string]: unknown }>(
    `SELECT e.fields, e.state FROM lapse.exception_chain_places p
     JOIN lapse.exceptions e ON e.tenant_id = p.tenant_id AND e.exception_id = p.exception_id
     WHERE p.tenant_id = $1 AND p.place >= $2 AND p.place < $3 AND p.exception_id <> $4
     ORDER BY p.place DESC LIMIT 1`,
    [tenantId, from, isEmergency ? `${place}0` : `${keyOf(place)}0`, request.exception_id],
  );
  const holder = row && stateAt(stateOf(row), await tx.now, policy);
  if (!holder || heldPlaces(holder).length === 0) {
    // Which of the two it is, only the next attempt tells: what is hidden is not looked for.
    return new DomainError(
      'conflict',
      'another record covers the same control, scope and subject, and it has either just given way to this request, which will pass when it is sent again, or is above your clearance; then whoever has that clearance decides what becomes of it',
    );
  }
  const why = isEmergency ? noSecond(holder) : `${covers(holder)}; ${instead(holder)}`;
  return new DomainError('already-exists', why);
}

function noSecond({ exception_id: id, status, closed }: ExceptionState): string {
  const until = closed
    ? `it is archived at ${formatInstant(closed.archives_at)}`
    : 'it is closed and archived';
  return `${id} (a break-glass, ${status}) covers the same control, scope and subject, and no other may follow until ${until} (ADR 0028); submit it as an ordinary request`;
}

function covers({ exception_id: id, renewal_number: number, status }: ExceptionState): string {
  const place = number === 0 ? 'the first of its chain' : `renewal ${number} of its chain`;
  return `${id} (${place}, ${status}) covers the same control, scope and subject, and a chain is not begun anew (002, Renewal Limits)`;
}

function instead({ exception_id: id, activated_at, renewed_by, ...state }: ExceptionState): string {
  if (renewed_by) return `renew ${renewed_by.exception_id}, which renews it`;
  if (activated_at === undefined) return `let that one be decided, or withdraw it`;
  if (state.permanence && state.status !== 'Expired') return `it is permanent: review that one`;
  return `renew ${id} (POST /v1/exceptions/${id}/renew; lapse renew ${id}): it would be renewal ${state.renewal_number + 1}`;
}
