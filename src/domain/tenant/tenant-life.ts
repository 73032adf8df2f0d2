import type { Actor } from '../access/actor.ts';
import { formatInstant } from '../schedule/instant.ts';

/** What happens to a tenant as a whole. Its own ledger has all of it but the last two, which outlive it. */
export type TenantEvent =
  | { readonly type: 'TenantCreated'; readonly data: { readonly name: string } }
  | { readonly type: 'TenantSuspended'; readonly data: { readonly reason: string } }
  | { readonly type: 'TenantResumed'; readonly data: { readonly reason: string } }
  | { readonly type: 'TenantDeletionScheduled'; readonly data: DeletionOrder }
  | { readonly type: 'TenantDeletionCancelled'; readonly data: { readonly reason: string } }
  | { readonly type: 'TenantDeletionBegun'; readonly data: DeletedTenant }
  | { readonly type: 'TenantDeleted'; readonly data: { readonly tables: readonly string[] } };

/** That a tenant is to be deleted; `due_at` is RFC 3339. */
export interface DeletionOrder {
  readonly reason: string;
  readonly due_at: string;
  /** Whether it was ordered, on the server's own machine, before the retention was over. */
  readonly before_retention: boolean;
}

/** Who did something, when (RFC 3339), and why. */
export interface TenantAct {
  readonly at: string;
  readonly by: { readonly id: string; readonly name: string };
  readonly reason: string;
}

/** What is left to prove of a tenant that is deleted: nothing of its content. */
export interface DeletedTenant {
  readonly name: string;
  readonly ordered: TenantAct & DeletionOrder;
  readonly entries: number;
  /** Its last signed checkpoint, and the key that verifies it; null where its ledger signed none. */
  readonly checkpoint: string | null;
  readonly verifier_key: string | null;
  /** Whether the ledger had diverged, so that the checkpoint does not cover all of it. */
  readonly diverged: boolean;
  /** Records by status. */
  readonly records: Readonly<Record<string, number>>;
}

/** Where a tenant stands. */
export interface TenantLife {
  readonly suspended?: TenantAct;
  /** That it is to be deleted, as its own ledger says. */
  readonly deletion?: TenantAct & DeletionOrder;
  /** That it is being deleted, as the operator's ledger says. */
  readonly deleting?: DeletedTenant & { readonly begun_at: string };
  /** When no row of it remained, and in which tables that was looked at. */
  readonly deleted?: { readonly at: string; readonly tables: readonly string[] };
}

/** The tenant's life after one more event. */
export function evolveTenant(
  state: TenantLife | undefined,
  event: TenantEvent,
  { at, actor }: { readonly at: number; readonly actor: Actor },
): TenantLife {
  const when = formatInstant(at);
  const act = (reason: string): TenantAct => ({
    at: when,
    by: { id: actor.id, name: actor.name },
    reason,
  });
  const { suspended: _, ...unsuspended } = state ?? {};
  const { deletion: __, ...kept } = state ?? {};
  switch (event.type) {
    case 'TenantCreated':
      return {};
    case 'TenantSuspended':
      return { ...state, suspended: act(event.data.reason) };
    case 'TenantResumed':
      return unsuspended;
    case 'TenantDeletionScheduled':
      return { ...state, deletion: { ...act(event.data.reason), ...event.data } };
    case 'TenantDeletionCancelled':
      return kept;
    case 'TenantDeletionBegun':
      return { ...state, deleting: { ...event.data, begun_at: when } };
    case 'TenantDeleted':
      return { ...state, deleted: { at: when, tables: event.data.tables } };
  }
}

/** Why a tenant's register can only be read; undefined where it may be changed. */
export function whyReadOnly({ suspended, deletion }: TenantLife): string | undefined {
  if (deletion) return `the tenant is to be deleted on ${deletion.due_at}: ${deletion.reason}`;
  if (suspended) return `the tenant was suspended on ${suspended.at}: ${suspended.reason}`;
  return undefined;
}
