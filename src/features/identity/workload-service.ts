import { assertMayGive } from '../../domain/access/clearance.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { assertScopes } from '../../domain/access/scopes.ts';
import { DomainError } from '../../domain/errors.ts';
import { record } from '../../journal/journal.ts';
import type { Database } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { newUlid } from '../../platform/ids.ts';
import type { NewWorkload, WorkloadEvent, WorkloadState } from './workload-events.ts';
import { lockWorkload, readWorkloads, workloadStream } from './workload-store.ts';

interface Services {
  readonly db: Database;
  readonly realNow: () => number;
  /** Where tokens of a tenant's workloads are for, unless their binding says otherwise. */
  readonly audienceOf: (tenantId: string) => string;
  /** The tenant that an audience names. */
  readonly tenantOf: (audience: string) => string | undefined;
  readonly onChanged: (tenantId: string) => void;
}

/** A list that is read whole at every sign-in stays short. */
const MOST = 500;

/** Keeps which pipelines and services of a tenant may sign in, and as what. */
export class WorkloadService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The workloads that may sign in, oldest first. */
  list(tenantId: string): Promise<WorkloadState[]> {
    return this.#services.db.inTenant(tenantId, (tx) => readWorkloads(tx, tenantId));
  }

  /** Lets a workload sign in. */
  async add(
    principal: Principal,
    { audience, claims, scopes, ...wanted }: NewWorkload,
    idempotency?: IdempotentRequest,
  ): Promise<WorkloadState> {
    const { db, realNow, audienceOf, tenantOf, onChanged } = this.#services;
    const { tenantId, actor } = principal;
    assertScopes(principal, wanted.role, scopes);
    assertMayGive(principal.clearance, [wanted.clearance]);
    const named = audience === undefined ? tenantId : (tenantOf(audience) ?? tenantId);
    if (named !== tenantId) throw foreignAudience(audienceOf(tenantId));
    const data = {
      ...wanted,
      audience: audience ?? audienceOf(tenantId),
      claims: Object.fromEntries(
        Object.entries(claims).map(([name, value]) => [name, [value].flat()]),
      ),
      ...(scopes === undefined ? {} : { scopes }),
    };
    const added = await db.inTenant(tenantId, async (tx) => {
      const [again, known] = await Promise.all([
        recall(tx, tenantId, idempotency),
        readWorkloads(tx, tenantId),
      ]);
      if (again) {
        const before = await lockWorkload(tx, tenantId, again.reference.id);
        if (before) return before.state;
      }
      if (known.length >= MOST)
        throw new DomainError(
          'conflict',
          `there are ${MOST} workloads; remove one that is not used`,
        );
      const streamId = `wl_${newUlid()}`;
      const events: WorkloadEvent[] = [{ type: 'WorkloadAdded', data }];
      const append = { tenantId, streamId, before: undefined, events, at: realNow(), actor };
      const [change] = record(tx, workloadStream, [append]);
      if (!change) throw new Error('a new workload has no events');
      const reference = { type: 'workload', id: streamId, version: 1 };
      remember(tx, tenantId, idempotency, { status: 201, reference, at: await tx.now });
      return change.state;
    });
    onChanged(tenantId);
    return added;
  }

  /** Lets a workload sign in no more. */
  async remove(
    { tenantId, actor }: Principal,
    id: string,
    idempotency?: IdempotentRequest,
  ): Promise<void> {
    const { db, realNow, onChanged } = this.#services;
    await db.inTenant(tenantId, async (tx) => {
      const [again, before] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockWorkload(tx, tenantId, id),
      ]);
      if (again) return;
      if (!before) throw new DomainError('not-found', `there is no workload ${id}`);
      const reference = { type: 'workload', id, version: 2 };
      remember(tx, tenantId, idempotency, { status: 204, reference, at: await tx.now });
      if (before.state.removed_at) return;
      const events: WorkloadEvent[] = [{ type: 'WorkloadRemoved', data: {} }];
      record(tx, workloadStream, [
        { tenantId, streamId: id, before, events, at: realNow(), actor },
      ]);
    });
    onChanged(tenantId);
  }
}

function foreignAudience(passes: string): DomainError {
  const message = `names another tenant; ${passes} would pass`;
  return new DomainError('invalid-record', `audience ${message}`, [{ path: 'audience', message }]);
}
