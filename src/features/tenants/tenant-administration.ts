import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import { isUlid } from '../../domain/ids.ts';
import type { TenantEvent, TenantLife } from '../../domain/tenant/tenant-life.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import type { IdPage, PageRequest } from '../../platform/http/paging.ts';
import { assertDeletable, scheduleDeletion } from './schedule-deletion.ts';
import { createTenant, lockTenant, type TenantOptions } from './tenant-service.ts';
import { readStanding, type StandingRow, tenantStream } from './tenant-stream.ts';
import { listTenants, operatorsTenant, type TenantView, viewTenant } from './tenant-views.ts';

interface Services extends TenantOptions {
  readonly db: Database;
  /** A link that signs a new tenant's first administrator in, as a path; real time goes by it. */
  readonly firstLink: (
    tx: Transaction,
    tenantId: string,
    email: string | undefined,
  ) => Promise<string>;
  /** How long a tenant's policy has records kept. */
  readonly keepOf: (tx: Transaction, tenantId: string) => Promise<string>;
  /** Called when a tenant may be changed from now on, or may not. */
  readonly onChanged: (tenantId: string) => void;
}

/** A new tenant: what it is called, and whom its first administrator's link is for. */
export interface NewTenant {
  readonly name: string;
  readonly email?: string | undefined;
}

/** What may be done to a tenant as a whole, and undone. */
export type TenantAction = 'suspend' | 'resume' | 'delete' | 'cancel-deletion';

interface Order {
  readonly action: TenantAction;
  readonly reason: string;
  readonly idempotency?: IdempotentRequest | undefined;
}

/**
 * What an operator does with tenants. It runs across tenants, and so as the worker; only tokens of the
 * first tenant come this far, and nothing of a tenant's content is read.
 */
export class TenantAdministration {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** A page of the tenants, the newest first. */
  list(principal: Principal, page: PageRequest): Promise<IdPage<TenantView>> {
    return this.#asOperator(principal, (tx) => listTenants(tx, principal.tenantId, page));
  }

  /** One tenant; one that was deleted too. */
  get(principal: Principal, tenantId: string): Promise<TenantView> {
    return this.#asOperator(principal, (tx) => viewTenant(tx, principal.tenantId, tenantId));
  }

  /** Makes a tenant, with the link of its first administrator, which is shown this once. */
  create(
    principal: Principal,
    { name, email }: NewTenant,
    idempotency: IdempotentRequest | undefined,
  ): Promise<{ readonly tenant: TenantView; readonly link: string | undefined }> {
    const { tenantId: operatorsId, actor } = principal;
    const { firstLink, publicUrl } = this.#services;
    return this.#asOperator(principal, async (tx) => {
      const again = await recall(tx, operatorsId, idempotency);
      if (again)
        return { tenant: await viewTenant(tx, operatorsId, again.reference.id), link: undefined };
      const tenantId = await createTenant(tx, name, this.#services);
      const at = await tx.now;
      const events: TenantEvent[] = [{ type: 'TenantCreated', data: { name } }];
      const append = { tenantId, streamId: tenantId, before: undefined, events, at, actor };
      record(tx, tenantStream, [append]);
      const link = `${publicUrl}${await firstLink(tx, tenantId, email)}`;
      const reference = { type: 'tenant', id: tenantId, version: 1 };
      remember(tx, operatorsId, idempotency, { status: 201, reference, at });
      const created_at = new Date(at).toISOString();
      const unmarked = { suspended: null, deletion: null, deleted_at: null };
      const tenant = { tenant_id: tenantId, name, created_at, ...unmarked } as const;
      return { tenant: { ...tenant, state: 'active', ledger: 'whole' }, link };
    });
  }

  /** Suspends, resumes, orders a deletion or calls it off; what is so already stays as it is. */
  async act(principal: Principal, tenantId: string, order: Order): Promise<TenantView> {
    const { tenantId: operatorsId, actor } = principal;
    await this.#asOperator(principal, async (tx) => {
      if (!isUlid(tenantId)) throw new DomainError('not-found', 'there is no such tenant');
      const [again, before, gone] = await Promise.all([
        recall(tx, operatorsId, order.idempotency),
        lockTenant(tx, tenantId).then(() => readStanding(tx, tenantId, tenantId)),
        readStanding(tx, operatorsId, tenantId),
      ]);
      if (again) return;
      assertManageable(order.action, operatorsId === tenantId, gone);
      const at = await tx.now;
      const reference = { type: 'tenant', id: tenantId, version: before?.version ?? 0 };
      remember(tx, operatorsId, order.idempotency, { status: 200, reference, at });
      const { action, reason } = order;
      if (action === 'delete') {
        if (before?.state.deletion) return;
        const keep = await this.#services.keepOf(tx, tenantId);
        await assertDeletable(tx, tenantId, { keep, now: at });
        return scheduleDeletion(tx, before, {
          ...{ tenantId, actor, reason, at },
          beforeRetention: false,
        });
      }
      const events = eventsFor(action, before?.state ?? {}, reason);
      record(tx, tenantStream, [{ tenantId, streamId: tenantId, before, events, at, actor }]);
    });
    this.#services.onChanged(tenantId);
    return this.get(principal, tenantId);
  }

  /** A role is not enough: the token has to be of the operator's own place. */
  #asOperator<T>({ tenantId }: Principal, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#services.db.inSystem(async (tx) => {
      if ((await operatorsTenant(tx)) === tenantId) return work(tx);
      throw new DomainError(
        'not-permitted',
        "only an operator's token of the first tenant may do this; `lapse token operator` on the server's own machine makes one",
      );
    });
  }
}

/** Refuses to end the operator's own place, and whatever comes too late. */
export function assertManageable(
  action: TenantAction,
  isOperators: boolean,
  gone: StandingRow | undefined,
): void {
  if (isOperators && (action === 'suspend' || action === 'delete'))
    throw new DomainError(
      'wrong-state',
      "the first tenant is the operator's own place; it is neither suspended nor deleted",
    );
  if (gone?.state.deleting)
    throw new DomainError(
      'wrong-state',
      'the tenant is being deleted; nothing can be done any more',
    );
}

function eventsFor(
  action: Exclude<TenantAction, 'delete'>,
  { suspended, deletion }: TenantLife,
  reason: string,
): TenantEvent[] {
  if (action === 'suspend') return suspended ? [] : [{ type: 'TenantSuspended', data: { reason } }];
  if (action === 'resume') return suspended ? [{ type: 'TenantResumed', data: { reason } }] : [];
  return deletion ? [{ type: 'TenantDeletionCancelled', data: { reason } }] : [];
}
