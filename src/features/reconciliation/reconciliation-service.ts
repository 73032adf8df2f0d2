import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import type { ReconciliationParts } from './reconciliation-parts.ts';
import { type Report, readReport } from './reconciliation-views.ts';
import { insertRun, readLastRuns } from './run-store.ts';

interface Services extends Pick<ReconciliationParts, 'db' | 'connectionsOf' | 'newId'> {
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
  /** A hint that something is due. */
  readonly wake: () => void;
}

/** Begins comparisons when somebody asks. */
export class ReconciliationService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /**
   * Begins a comparison, or answers the one that is under way. Refuses with `wrong-state` where no
   * connection is in use: there is nothing to compare the register with.
   */
  async start(
    { tenantId, actor, clearance }: Principal,
    idempotency?: IdempotentRequest,
  ): Promise<Report> {
    const { db, connectionsOf, newId, assertWritable } = this.#services;
    const reach = { tenantId, clearance };
    const id = await db.inTenant(reach, async (tx) => {
      const [again, connections, runs, now] = await Promise.all([
        recall(tx, tenantId, idempotency),
        connectionsOf(tx, [tenantId]),
        readLastRuns(tx, [tenantId]),
        tx.now,
        assertWritable(tx, tenantId),
      ]);
      if (again) return again.reference.id;
      if (!connections.some(({ state }) => state.active))
        throw new DomainError(
          'wrong-state',
          'no connection is in use, so that there is no cloud to compare with; an administrator puts one with PUT /v1/connections/{name}',
        );
      const last = runs.get(tenantId);
      const reconciliationId = last?.isUnderWay ? last.id : `RCN_${newId()}`;
      if (!last?.isUnderWay) {
        const run = { tenantId, reconciliationId, cause: 'asked' as const, now };
        insertRun(tx, { ...run, askedBy: actor.id, previousId: last?.id });
      }
      const reference = { type: 'reconciliation', id: reconciliationId, version: 1 };
      remember(tx, tenantId, idempotency, { status: 202, reference, at: now });
      return reconciliationId;
    });
    this.#services.wake();
    return db.inTenant(reach, (tx) => readReport(tx, tenantId, id));
  }
}
