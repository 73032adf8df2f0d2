import type { Actor } from '../../domain/access/actor.ts';
import type { Principal } from '../../domain/access/principal.ts';
import {
  type DelegationRequest,
  decideDelegation,
  decideDelegationEnd,
} from '../../domain/delegation/decide-delegation.ts';
import {
  type Delegation,
  type DelegationEvent,
  delegationState,
  isPartyOf,
} from '../../domain/delegation/delegation.ts';
import type { People } from '../../domain/delegation/people.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { record } from '../../journal/journal.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { newUlid } from '../../platform/ids.ts';
import {
  delegationStream,
  listDelegations,
  lockDelegation,
  readDelegations,
} from './delegation-store.ts';

interface Services {
  readonly db: Database;
  readonly policyOf: (tx: Transaction, tenantId: string) => Promise<Policy>;
  /** Who can approve, and who acts for whom, at the domain's time. */
  readonly peopleOf: (tx: Transaction, tenantId: string, now: number) => Promise<People>;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
}

/** A delegation, and the domain's time of the answer. */
export interface DelegationAnswer {
  readonly delegation: Delegation;
  readonly now: number;
}

/** Delegates roles, ends delegations, lists them. */
export class DelegationService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Hands roles of whoever asks to another person. */
  delegate(
    { tenantId, actor }: Principal,
    wanted: DelegationRequest,
    idempotency?: IdempotentRequest,
  ): Promise<DelegationAnswer> {
    const { db, policyOf, peopleOf, assertWritable } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      // One after another, so that no two can close a circle that neither sees.
      await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `lapse delegations ${tenantId}`,
      ]);
      const [before, policy, now] = await Promise.all([
        recall(tx, tenantId, idempotency),
        policyOf(tx, tenantId),
        tx.now,
        assertWritable(tx, tenantId),
      ]);
      if (before) return answeredBefore(tx, tenantId, before.reference.id, before.at);
      const people = await peopleOf(tx, tenantId, now);
      const decided = decideDelegation(wanted, { now, actor, policy, people });
      if (decided instanceof DomainError) throw decided;
      const id = `dlg_${newUlid()}`;
      const made = append(tx, { tenantId, id, before: undefined, event: decided, at: now, actor });
      const reference = { type: 'delegation', id, version: made.version };
      remember(tx, tenantId, idempotency, { status: 201, reference, at: now });
      return { delegation: made.state, now };
    });
  }

  /** Ends a delegation before its time; one that has ended is refused with `wrong-state`. */
  end(
    { tenantId, actor }: Principal,
    id: string,
    reason: string | undefined,
    idempotency?: IdempotentRequest,
  ): Promise<DelegationAnswer> {
    const { db, assertWritable } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      const [found, before, time] = await Promise.all([
        lockDelegation(tx, tenantId, id),
        recall(tx, tenantId, idempotency),
        tx.now,
        assertWritable(tx, tenantId),
      ]);
      if (!found) throw notFound(id);
      if (before) return { delegation: found.state, now: before.at };
      const now = Math.max(time, found.state.created_at);
      const event = decideDelegationEnd(found.state, reason, { now, actor });
      if (event instanceof DomainError) throw event;
      const ended = append(tx, { tenantId, id, before: found, event, at: now, actor });
      const reference = { type: 'delegation', id, version: ended.version };
      remember(tx, tenantId, idempotency, { status: 200, reference, at: now });
      return { delegation: ended.state, now };
    });
  }

  /** A page of delegations, the newest first: all, or those that have not ended. */
  list(
    tenantId: string,
    page: PageRequest,
    all: boolean,
  ): Promise<IdPage<Delegation> & { readonly now: number }> {
    return this.#services.db.inTenant(tenantId, async (tx) => {
      const now = await tx.now;
      const ending = all ? {} : { endsAfter: now };
      const found = await readPage<Delegation>(
        'delegations',
        page,
        ({ delegation_id }) => delegation_id,
        (after, count) => listDelegations(tx, tenantId, { after, count, ...ending }),
      );
      return { ...found, now };
    });
  }
}

/**
 * Ends every delegation that somebody has given or has, in a transaction that is under way: they
 * have left.
 */
export async function endDelegationsOf(
  tx: Transaction,
  tenantId: string,
  person: { readonly id: string; readonly email?: string },
  actor: Actor,
): Promise<void> {
  const now = await tx.now;
  for (const delegation of await readDelegations(tx, tenantId, now)) {
    if (!isPartyOf(delegation, person)) continue;
    const id = delegation.delegation_id;
    const before = await lockDelegation(tx, tenantId, id);
    if (!before || delegationState(before.state, now) === 'ended') continue;
    const data = { reason: 'one of its two has left' };
    const at = Math.max(now, before.state.created_at);
    append(tx, { tenantId, id, before, event: { type: 'DelegationEnded', data }, at, actor });
  }
}

interface Appending {
  readonly tenantId: string;
  readonly id: string;
  readonly before: StreamState<Delegation> | undefined;
  readonly event: DelegationEvent;
  readonly at: number;
  readonly actor: Actor;
}

function append(
  tx: Transaction,
  { tenantId, id, before, event, at, actor }: Appending,
): StreamState<Delegation> {
  const events = [event];
  const [change] = record(tx, delegationStream, [
    { tenantId, streamId: id, before, events, at, actor },
  ]);
  if (!change) throw new Error('a delegation has no events');
  return change;
}

/** As it was answered then, whatever has become of it since. */
async function answeredBefore(tx: Transaction, tenantId: string, id: string, now: number) {
  const found = await lockDelegation(tx, tenantId, id);
  if (!found) throw notFound(id);
  const { ended: _, ...delegation } = found.state;
  return { delegation, now };
}

function notFound(id: string): DomainError {
  return new DomainError('not-found', `there is no delegation ${id}`);
}
