import type { Logger } from 'pino';
import { CLOCK } from '../../domain/access/actor.ts';
import { FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import {
  type Barred,
  PRIVILEGED_CONTROLS,
  revocationReason,
} from '../../domain/circumvention/strikes.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import type { ExceptionService } from './exception-service.ts';

type TenantBarred = Barred & { readonly tenantId: string };

interface Parts {
  readonly db: Database;
  readonly service: Pick<ExceptionService, 'execute'>;
  /** Who has lost privileged access, in every tenant. */
  readonly barred: (tx: Transaction) => Promise<readonly TenantBarred[]>;
  readonly realNow: () => number;
}

const AT_ONCE = 100;
/** How long a person's records wait after one that could not be revoked, in real milliseconds. */
const PAUSE = 60_000;

/**
 * Revokes the privileged access of whoever has lost it, by the ordinary command and with the reason:
 * what is in force, what is approved, and what is approved later, until security lifts the strikes. It
 * asks what holds now, so that nothing has to be told of a change.
 */
export function privilegedRevocations(
  { db, service, barred, realNow }: Parts,
  log: Logger,
): MeasuredWork {
  const paused = new Map<string, number>();
  const revokeAll = async (person: TenantBarred): Promise<number> => {
    const { tenantId, personId } = person;
    const place = `${tenantId}/${personId}`;
    if (realNow() < (paused.get(place) ?? 0)) return 0;
    const ids = await db.inSystem((tx) => privilegedOf(tx, person));
    const caller = { tenantId, actor: CLOCK, clearance: FULL_CLEARANCE };
    const command = { type: 'RevokeException', reason: revocationReason(person) } as const;
    let done = 0;
    for (const id of ids) {
      try {
        await service.execute(caller, id, command);
        done += 1;
      } catch (error) {
        // One that has ended meanwhile is not found again.
        log.error({ err: error, exception: id }, 'privileged access is not revoked yet');
        paused.set(place, realNow() + PAUSE);
      }
    }
    if (done === ids.length) paused.delete(place);
    return done;
  };
  return {
    name: 'privileged-revocations',
    // What is to be revoked is revoked in the pass that finds it.
    backlog: async () => ({ waiting: 0, latenessSeconds: 0 }),
    async runBatch() {
      let done = 0;
      for (const person of await db.inSystem(barred)) done += await revokeAll(person);
      return done;
    },
  };
}

/** Records that give privileged access to somebody, or that they asked for, and that can be revoked. */
async function privilegedOf(
  tx: Transaction,
  { tenantId, email, objectIds }: TenantBarred,
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
