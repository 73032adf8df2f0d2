import type { Logger } from 'pino';
import { CLOCK } from '../../domain/access/actor.ts';
import {
  type Barred,
  isTheirs,
  PRIVILEGED_CONTROLS,
  revocationReason,
} from '../../domain/circumvention/strikes.ts';
import { catchUp } from '../../domain/exception/catch-up.ts';
import { decide } from '../../domain/exception/decide.ts';
import { isRefusal } from '../../domain/exception/decision.ts';
import { evolve } from '../../domain/exception/evolve.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import { exceptionStream, loadForUpdate } from './exception-store.ts';
import { policyOf, type TenantPolicies } from './tenant-policies.ts';

interface Parts {
  readonly db: Database;
  readonly policies: TenantPolicies;
  /** Who has lost privileged access, in every tenant. */
  readonly barred: (
    tx: Transaction,
  ) => Promise<readonly (Barred & { readonly tenantId: string })[]>;
}

const AT_ONCE = 100;

/**
 * Revokes the privileged access of whoever has lost it, by the ordinary command and with the reason:
 * what is in force, what is approved, and what is approved later, until security lifts the strikes. It
 * asks what holds now, so that nothing has to be told of a change.
 */
export function privilegedRevocations({ db, policies, barred }: Parts, log: Logger): MeasuredWork {
  return {
    name: 'privileged-revocations',
    // What is to be revoked is revoked in the pass that finds it.
    backlog: async () => ({ waiting: 0, latenessSeconds: 0 }),
    async runBatch() {
      const people = await db.inSystem(barred);
      let done = 0;
      for (const person of people) {
        const ids = await db.inSystem((tx) => privilegedOf(tx, person));
        for (const id of ids) {
          const revoked = await db.inSystem((tx) => revoke(tx, policies, person, id));
          if (revoked) done += 1;
          else
            log.error(
              { exception: id },
              'privileged access could not be revoked; it is tried again',
            );
        }
      }
      return done;
    },
  };
}

/** Records that give privileged access to somebody, or that they asked for, and that can be revoked. */
async function privilegedOf(
  tx: Transaction,
  { tenantId, email, objectIds }: Barred & { readonly tenantId: string },
): Promise<string[]> {
  const rows = await tx.query<{ exception_id: string }>(
    `SELECT e.exception_id FROM lapse.exceptions e
     WHERE e.tenant_id = $1 AND e.control = ANY ($2)
       AND e.status IN ('Approved', 'Active', 'Expiring', 'Extended')
       AND (lower(e.fields->'requestor'->>'email') = lower($3) OR EXISTS (
         SELECT FROM json_array_elements(coalesce(e.fields->'grants', '[]')) AS g
         WHERE lower(trim(g->>'subject')) = ANY ($4)))
     ORDER BY e.exception_id LIMIT ${AT_ONCE}`,
    [tenantId, PRIVILEGED_CONTROLS, email ?? null, objectIds],
  );
  return rows.map(({ exception_id }) => exception_id);
}

/** Whether nothing is left to revoke. */
async function revoke(
  tx: Transaction,
  policies: TenantPolicies,
  person: Barred & { readonly tenantId: string },
  exceptionId: string,
): Promise<boolean> {
  const { tenantId } = person;
  const [before, policy] = await Promise.all([
    loadForUpdate(tx, tenantId, exceptionId),
    policyOf(policies, tx, tenantId),
  ]);
  if (!before || !isTheirs(before.state.fields, person)) return true;
  const at = Math.max(await tx.now, before.state.updated_at);
  const timely = catchUp(before.state, at, policy);
  const state = timely.reduce(
    (folded, event) => evolve(folded, event, { exceptionId, at, actor: CLOCK }),
    before.state,
  );
  const command = { type: 'RevokeException', reason: revocationReason(person) } as const;
  const decided = decide(state, command, { now: at, actor: CLOCK, policy, tenantId });
  const events = isRefusal(decided) ? timely : [...timely, ...decided];
  record(tx, exceptionStream, [
    { tenantId, streamId: exceptionId, before, events, at, actor: CLOCK },
  ]);
  return events.length > 0;
}
