import { CLOCK } from '../../domain/access/actor.ts';
import { stateAt } from '../../domain/exception/catch-up.ts';
import type { RemovedGrant } from '../../domain/exception/events.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type StateColumns, stateOf } from './exception-row.ts';
import { loadForUpdate } from './exception-store.ts';
import { runCommands } from './run-commands.ts';
import { policyOf, type TenantPolicies } from './tenant-policies.ts';

interface Place {
  readonly tenantId: string;
  readonly exceptionId: string;
}

/**
 * Reads records as they stand at the transaction's time, whether or not a sweep has passed since, for
 * those who bring their grants about; by `<tenant>/<record>`.
 */
export function recordReader(policies: TenantPolicies) {
  return async (
    tx: Transaction,
    places: readonly Place[],
  ): Promise<ReadonlyMap<string, ExceptionState>> => {
    const now = await tx.now;
    const tenantIds = [...new Set(places.map(({ tenantId }) => tenantId))];
    const [policyFor, rows] = await Promise.all([
      policies.inForce(tx, tenantIds),
      tx.query<
        StateColumns & { tenant_id: string; exception_id: string; [column: string]: unknown }
      >(
        `SELECT DISTINCT ON (e.tenant_id, e.exception_id) e.tenant_id, e.exception_id, e.fields, e.state
         FROM unnest($1::text[], $2::text[]) AS p(tenant_id, exception_id)
         JOIN lapse.exceptions e ON e.tenant_id = p.tenant_id AND e.exception_id = p.exception_id`,
        [places.map(({ tenantId }) => tenantId), places.map(({ exceptionId }) => exceptionId)],
      ),
    ]);
    return new Map(
      rows.map((row) => {
        const state = stateOf(row);
        const at = Math.max(now, state.updated_at);
        const key = `${row.tenant_id}/${row.exception_id}`;
        return [key, stateAt(state, at, policyFor(row.tenant_id))];
      }),
    );
  };
}

/** Tells a record that all its grants are gone; it stays as it is where it does not wait for that. */
export function removalConfirmer(policies: TenantPolicies) {
  return async (
    tx: Transaction,
    { tenantId, exceptionId }: Place,
    grants: readonly RemovedGrant[],
  ): Promise<void> => {
    const [before, policy] = await Promise.all([
      loadForUpdate(tx, tenantId, exceptionId),
      policyOf(policies, tx, tenantId),
    ]);
    if (!before) return;
    const now = Math.max(await tx.now, before.state.updated_at);
    const { status, removal } = stateAt(before.state, now, policy);
    if (status !== 'Expired' || removal) return;
    const deciding = { tx, caller: { tenantId, actor: CLOCK }, policy, policies };
    runCommands(deciding, exceptionId, before, [{ type: 'ConfirmRemoval', grants }], now);
  };
}
