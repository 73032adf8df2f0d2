import { grantsOf, laneOf } from '../../domain/enforcement/grant-spec.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

type Change = StreamChange<ExceptionState>;

/**
 * Queues a row for each grant of a record that has come into force, and wakes those of records whose end
 * has changed: whoever does the work asks the record itself what is wanted now.
 */
export function writeGrantWork(tx: Transaction, changes: readonly Change[]): void {
  const rows = changes.filter(wantsSomethingElse).flatMap(({ tenantId, id, state }) =>
    grantsOf(state).map(({ grantId, spec }) => ({
      tenant_id: tenantId,
      exception_id: id,
      grant_id: grantId,
      lane: laneOf(spec),
      next_due_at: formatInstant(state.updated_at),
    })),
  );
  if (rows.length === 0) return;
  tx.atCommit(
    `INSERT INTO lapse.grant_work AS w (tenant_id, exception_id, grant_id, lane, next_due_at)
     SELECT tenant_id, exception_id, grant_id, lane, next_due_at
     FROM json_to_recordset($1::json) AS r(tenant_id text, exception_id text, grant_id text, lane text,
       next_due_at timestamptz)
     ON CONFLICT (tenant_id, exception_id, grant_id)
       DO UPDATE SET next_due_at = least(w.next_due_at, EXCLUDED.next_due_at)`,
    [JSON.stringify(rows)],
  );
}

function wantsSomethingElse({ state, previous }: Change): boolean {
  if (state.activated_at === undefined) return false;
  return (
    previous?.activated_at === undefined ||
    previous.status !== state.status ||
    previous.expires_at !== state.expires_at ||
    previous.renewed_by?.exception_id !== state.renewed_by?.exception_id
  );
}
