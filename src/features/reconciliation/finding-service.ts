import type { Actor } from '../../domain/access/actor.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import { shortReason } from '../../domain/exception/reasons.ts';
import { addText } from '../../domain/policy/evaluate.ts';
import type { DurationText, Policy } from '../../domain/policy/policy.ts';
import { adoptedFields } from '../../domain/reconciliation/adopt-finding.ts';
import {
  acceptFinding,
  assertAnswerable,
  orderRemoval,
} from '../../domain/reconciliation/decide-answer.ts';
import type { FindingState } from '../../domain/reconciliation/finding.ts';
import type { FindingEvent } from '../../domain/reconciliation/finding-events.ts';
import { removerOf } from '../../domain/reconciliation/time-limits.ts';
import type { Instant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { findingStream, lockFinding, readAdoptions } from './finding-store.ts';
import { endFindingTasks, openFindingTask } from './finding-tasks.ts';
import { wakeGrant } from './finding-work.ts';
import type { ReconciliationParts } from './reconciliation-parts.ts';
import { isRegistered } from './register-check.ts';

/** What answering findings needs of its surroundings. */
export interface AnswerParts
  extends Pick<ReconciliationParts, 'db' | 'grants' | 'routeFor' | 'recordsOf' | 'policiesOf'> {
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
  /** Makes drafts and answers their ids. */
  readonly draftAll: (
    tx: Transaction,
    policy: Policy,
    tenantId: string,
    actor: Actor,
    drafts: readonly { readonly fields: ExceptionFields }[],
  ) => Promise<string[]>;
}

interface Asked {
  readonly tx: Transaction;
  readonly principal: Principal;
  readonly finding: StreamState<FindingState>;
  readonly policy: Policy;
  readonly now: Instant;
}

/** What people decide about findings. */
export class FindingService {
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  /**
   * Makes a draft of what was found, with the end that the policy proposes. Asked again, it answers what
   * was adopted before, as long as that draft or record is not closed.
   */
  adopt(
    principal: Principal,
    findingId: string,
    idempotency?: IdempotentRequest,
  ): Promise<FindingState> {
    return this.#answer(principal, findingId, idempotency, async (asked) => {
      const { tx, finding, policy } = asked;
      const { answer } = finding.state;
      if (answer?.kind === 'adopt' && finding.state.state === 'answered') return [];
      assertAnswerable(finding.state, 'adopt');
      const { tenantId, actor } = principal;
      const { exception_id: about } = finding.state;
      const earlier = await this.#openDraft(tx, tenantId, finding.state);
      if (earlier !== undefined)
        return [{ type: 'FindingAdopted', data: { exception_id: earlier } }];
      const place = { tenantId, exceptionId: about ?? '' };
      const before =
        about === undefined
          ? undefined
          : (await this.#parts.recordsOf(tx, [place])).get(`${tenantId}/${about}`);
      const fields = adoptedFields(finding.state, policy, before?.fields);
      const [exception_id = ''] = await this.#parts.draftAll(tx, policy, tenantId, actor, [
        { fields },
      ]);
      return [{ type: 'FindingAdopted', data: { exception_id } }];
    });
  }

  /** Has what was found taken away: by Lapse where its mode lets it, and otherwise by a person. */
  remove(
    principal: Principal,
    findingId: string,
    reason: string,
    idempotency?: IdempotentRequest,
  ): Promise<FindingState> {
    return this.#answer(principal, findingId, idempotency, async (asked) => {
      const { tx, finding, policy } = asked;
      refuse(shortReason(reason, policy));
      const { tenantId } = principal;
      const { spec, exception_id } = finding.state;
      const { mode } = await this.#parts.routeFor(tx, tenantId, spec, exception_id);
      if (finding.state.kind === 'unregistered' && (await this.#isRegistered(asked)))
        throw new DomainError(
          'wrong-state',
          'an exception that is in force allows it by now: revoke that exception, or compare anew',
        );
      return [orderRemoval(finding.state, reason, removerOf(finding.state, mode))];
    });
  }

  /** Leaves what was found as it is until an instant, for a reason. */
  accept(
    principal: Principal,
    findingId: string,
    { reason, until }: { readonly reason: string; readonly until: Instant | DurationText },
    idempotency?: IdempotentRequest,
  ): Promise<FindingState> {
    return this.#answer(principal, findingId, idempotency, async ({ finding, policy, now }) => {
      refuse(shortReason(reason, policy));
      const end = typeof until === 'number' ? until : addText(now, until);
      return [acceptFinding(finding.state, { reason, until: end }, now)];
    });
  }

  /** What the same access was adopted into before, as long as that is not closed. */
  async #openDraft(
    tx: Transaction,
    tenantId: string,
    { spec }: FindingState,
  ): Promise<string | undefined> {
    const ids = await readAdoptions(tx, tenantId, grantDigest(spec));
    if (ids.length === 0) return undefined;
    const places = ids.map((exceptionId) => ({ tenantId, exceptionId }));
    const records = await this.#parts.recordsOf(tx, places);
    return ids.find((id) => {
      const status = records.get(`${tenantId}/${id}`)?.status;
      return status !== undefined && status !== 'Closed' && status !== 'Archived';
    });
  }

  #isRegistered({ tx, principal, finding }: Asked): Promise<boolean> {
    return isRegistered(tx, this.#parts, principal.tenantId, finding.state);
  }

  #answer(
    principal: Principal,
    findingId: string,
    idempotency: IdempotentRequest | undefined,
    decide: (asked: Asked) => Promise<readonly FindingEvent[]>,
  ): Promise<FindingState> {
    const { tenantId, actor, clearance } = principal;
    const { db, policiesOf, assertWritable } = this.#parts;
    return db.inTenant({ tenantId, clearance }, async (tx) => {
      const [again, finding, policyFor, now] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockFinding(tx, tenantId, findingId),
        policiesOf(tx, [tenantId]),
        tx.now,
        assertWritable(tx, tenantId),
      ]);
      if (!finding) throw new DomainError('not-found', `there is no finding ${findingId}`);
      if (again) return finding.state;
      const policy = policyFor(tenantId);
      const events = await decide({ tx, principal, finding, policy, now });
      const [change] = record(tx, findingStream, [
        { tenantId, streamId: findingId, before: finding, events, at: now, actor },
      ]);
      const after = change ?? finding;
      if (change) await this.#follow(tx, change, now, actor.id);
      const reference = { type: 'finding', id: findingId, version: after.version };
      remember(tx, tenantId, idempotency, { status: 200, reference, at: now });
      return after.state;
    });
  }

  async #follow(
    tx: Transaction,
    change: StreamState<FindingState>,
    now: Instant,
    by: string,
  ): Promise<void> {
    endFindingTasks(tx, change.tenantId, [change.id], now, by);
    const { removal } = change.state;
    if (removal?.by === 'grant') await wakeGrant(tx, this.#parts, change, change.state);
    if (removal?.by === 'person')
      openFindingTask(tx, change, 'it is to be removed, and the mode is observe', now);
  }
}

function refuse(refusal: DomainError | undefined): void {
  if (refusal) throw refusal;
}
