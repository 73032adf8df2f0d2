import type { Actor } from '../../domain/access/actor.ts';
import { assertClearedFor, type Classification } from '../../domain/access/clearance.ts';
import { type Barred, isPrivileged } from '../../domain/circumvention/strikes.ts';
import type { People } from '../../domain/delegation/people.ts';
import { DomainError } from '../../domain/errors.ts';
import { peopleMatter } from '../../domain/exception/approval-standing.ts';
import { stateAt } from '../../domain/exception/catch-up.ts';
import type { CommandType, ExceptionCommand } from '../../domain/exception/commands.ts';
import { isRefusal } from '../../domain/exception/decision.ts';
import { proposedStatement } from '../../domain/exception/propose-approval.ts';
import { draftRenewal, type RenewalRequest } from '../../domain/exception/renewal.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import {
  type SuggestedApprovers,
  suggestApprovers,
} from '../../domain/exception/suggested-approvers.ts';
import { strangerRefusal } from '../../domain/exception/who-may-change.ts';
import { fieldsByTemplate } from '../../domain/policy/fields-by-template.ts';
import type { ApprovalStatement } from '../../domain/signature/approval-signature.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { newUlid } from '../../platform/ids.ts';
import { isPlaceTaken, placeRefusal } from './chain-place-refusal.ts';
import { loadForUpdate } from './exception-store.ts';
import { stateAtVersion } from './exception-views.ts';
import { type Commands, type Deciding, informPredecessor, runCommands } from './run-commands.ts';
import { type PeopleOf, policyOf, type TenantPolicies } from './tenant-policies.ts';

/** Who asks, for which tenant. */
export interface Caller {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly clearance: Classification;
  readonly idempotency?: IdempotentRequest | undefined;
}

/**
 * What is done in a command's transaction besides its events; a throw takes all of it back. It may
 * answer the command anew, completed by what it has found.
 */
export type WrittenBeside = (tx: Transaction) => Promise<ExceptionCommand | undefined>;

type ApproveCommand = Extract<ExceptionCommand, { type: 'ApproveException' }>;

/** A record as it stood when the request was answered. */
export interface Answer {
  readonly status: number;
  readonly record: StreamState<ExceptionState>;
  /** The domain's time, epoch milliseconds. */
  readonly now: number;
  /** Who can fill what it waits for; absent where the request had nothing to do with approvals. */
  readonly suggested?: readonly SuggestedApprovers[];
}

interface Services {
  readonly db: Database;
  readonly policies: TenantPolicies;
  readonly peopleOf: PeopleOf;
  /** Who has lost privileged access in a tenant. */
  readonly barredOf: (tx: Transaction, tenantId: string) => Promise<readonly Barred[]>;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
}

/** What a record is decided by. */
type Grounds = Pick<Deciding, 'policy' | 'people' | 'barred'>;
type Stored = StreamState<ExceptionState>;
type Work = (tx: Transaction, grounds: Grounds, locked: Stored | undefined) => Promise<Answer>;
interface Asked {
  /** The record that the request names. */
  readonly exceptionId?: string | undefined;
  /** What it asks of that record. */
  readonly type?: CommandType;
}
/** What is asked, of which record, under which policy and when. */
interface Asking extends Pick<Deciding, 'policy'> {
  readonly type: CommandType | undefined;
  readonly state: ExceptionState | undefined;
  /** The domain's time, epoch milliseconds. */
  readonly now: number;
}
/** Runs commands on exceptions: load, decide, record, all in one transaction. */
export class ExceptionService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /**
   * Makes a record, over what a template of the pack proposes where one is named; with `submit` it is
   * a request at once, or nothing at all.
   */
  create(
    caller: Caller,
    command: Extract<ExceptionCommand, { type: 'DraftException' }>,
    submit: boolean,
    template?: string,
  ): Promise<Answer> {
    const { policies, barredOf } = this.#services;
    // A first request has no earlier approvers, and who may approve it is read with the record: making
    // one costs no more than it must.
    return this.#answer(caller, {}, async (tx, grounds) => {
      const now = await tx.now;
      const fields =
        template === undefined
          ? command.fields
          : fieldsByTemplate(grounds.policy, template, command.fields, now);
      const draft = { ...command, fields };
      const commands: Commands = submit ? [draft, { type: 'SubmitException' }] : [draft];
      const id = `EXC_${newUlid()}`;
      const barred =
        submit && isPrivileged(fields) ? await barredOf(tx, caller.tenantId) : undefined;
      const deciding = { tx, caller, policies, ...grounds, barred };
      return {
        status: 201,
        record: runCommands(deciding, id, undefined, commands, now),
        now,
      };
    });
  }

  /** Runs one command on a record. `expectedVersion` is the revision that the caller has seen. */
  execute(
    caller: Caller,
    exceptionId: string,
    command: ExceptionCommand,
    expectedVersion?: number,
    beside?: WrittenBeside,
  ): Promise<Answer> {
    const { policies } = this.#services;
    const asked = { exceptionId, type: command.type };
    return this.#answer(caller, asked, async (tx, grounds, locked) => {
      const before = found(locked, exceptionId, expectedVersion);
      const now = Math.max(await tx.now, before.state.updated_at);
      const completed = (await beside?.(tx)) ?? command;
      const deciding = { tx, caller, policies, ...grounds };
      const after = runCommands(deciding, exceptionId, before, [completed], now);
      await informPredecessor(deciding, before.state, after.state, now);
      return { status: 200, record: after, now };
    });
  }

  /**
   * What an approval would say, given to `offer` in the same transaction; refuses whatever the
   * approval itself would be refused for. Changes nothing of the record.
   */
  async propose<Offer>(
    caller: Caller,
    exceptionId: string,
    command: ApproveCommand,
    offer: (tx: Transaction, statement: ApprovalStatement) => Promise<Offer>,
  ): Promise<{ readonly statement: ApprovalStatement; readonly offer: Offer }> {
    const { db, policies, peopleOf, assertWritable } = this.#services;
    const { tenantId, actor } = caller;
    return db.inTenant(caller, async (tx) => {
      const [locked, policy] = await Promise.all([
        loadForUpdate(tx, tenantId, exceptionId),
        policyOf(policies, tx, tenantId),
        assertWritable(tx, tenantId),
      ]);
      const before = found(locked, exceptionId, undefined);
      const now = Math.max(await tx.now, before.state.updated_at);
      const people = await peopleOf(tx, tenantId, now);
      const context = { now, actor, policy, tenantId, people };
      const statement = proposedStatement(stateAt(before.state, now, policy), command, context);
      if (isRefusal(statement)) throw statement;
      return { statement, offer: await offer(tx, statement) };
    });
  }

  /** Makes the draft that renews a record: a new one in its chain. */
  renew(
    caller: Caller,
    exceptionId: string,
    request: RenewalRequest,
    expectedVersion?: number,
  ): Promise<Answer> {
    const { policies } = this.#services;
    const asked = { exceptionId, type: 'DraftRenewal' } as const;
    return this.#answer(caller, asked, async (tx, { policy, people }, locked) => {
      const before = found(locked, exceptionId, expectedVersion);
      const now = Math.max(await tx.now, before.state.updated_at);
      const state = stateAt(before.state, now, policy);
      const asker = { actor: caller.actor, policy, people, now };
      const stranger = strangerRefusal(state, asked.type, asker);
      if (stranger) throw stranger;
      const command = draftRenewal(state, request, now);
      if (isRefusal(command)) throw command;
      const id = `EXC_${newUlid()}`;
      return {
        status: 201,
        record: runCommands({ tx, caller, policy, policies }, id, undefined, [command], now),
        now,
      };
    });
  }

  /** Refuses who may not give a command on a record, before anything is received for it. */
  async assertMayGive(caller: Caller, exceptionId: string, type: CommandType): Promise<void> {
    const { db, policies } = this.#services;
    const { tenantId, actor } = caller;
    await db.inTenant(caller, async (tx) => {
      const [record, policy] = await Promise.all([
        loadForUpdate(tx, tenantId, exceptionId),
        policyOf(policies, tx, tenantId),
      ]);
      const { state } = found(record, exceptionId, undefined);
      const now = await tx.now;
      const people = await this.#peopleFor(tx, caller, { type, state, policy, now });
      const stranger = strangerRefusal(state, type, { actor, policy, people, now });
      if (stranger) throw stranger;
    });
  }

  /** Refuses a request's key that came with another body before: for a request on many records. */
  async claimKey(caller: Caller): Promise<void> {
    const { tenantId, idempotency } = caller;
    await this.#services.db.inTenant(caller, async (tx) => {
      if (await recall(tx, tenantId, idempotency)) return;
      const reference = { type: 'many', id: '', version: 0 };
      remember(tx, tenantId, idempotency, { status: 200, reference, at: await tx.now });
    });
  }

  /** Answers a request as it was answered before, or does the work on the record that it names. */
  async #answer(caller: Caller, asked: Asked, work: Work): Promise<Answer> {
    const { db } = this.#services;
    const { tenantId } = caller;
    let requested: ExceptionState | undefined;
    const run = (tx: Transaction) =>
      this.#answerIn(tx, caller, asked, async (...given) => {
        const answer = await work(...given);
        requested = answer.record.state;
        return answer;
      });
    try {
      return await db.inTenant(caller, run);
    } catch (error) {
      if (!requested || !isPlaceTaken(error)) throw error;
      const request = requested;
      // Once more: what took the place may have been this very request, sent twice.
      return db.inTenant(caller, (tx) =>
        this.#answerIn(tx, caller, asked, async (_, { policy }) => {
          throw await placeRefusal(tx, tenantId, request, policy);
        }),
      );
    }
  }

  async #answerIn(
    tx: Transaction,
    caller: Caller,
    { exceptionId, type }: Asked,
    work: Work,
  ): Promise<Answer> {
    const { tenantId, clearance, idempotency } = caller;
    // The lock comes first: a request that is sent again beside the first waits there, and then
    // finds what the first was answered. Asked before, it would be refused what it has done.
    const [locked, before, policy] = await Promise.all([
      exceptionId === undefined ? undefined : loadForUpdate(tx, tenantId, exceptionId),
      recall(tx, tenantId, idempotency),
      policyOf(this.#services.policies, tx, tenantId),
      this.#services.assertWritable(tx, tenantId),
    ]);
    const peopleFor = (state: ExceptionState | undefined, now: number) =>
      this.#peopleFor(tx, caller, { type, state, policy, now });
    if (before) {
      const { id, version } = before.reference;
      const repeated = await stateAtVersion(tx, tenantId, id, version);
      const answer = { status: before.status, record: repeated, now: before.at };
      return withSuggestions(answer, {
        policy,
        people: await peopleFor(repeated.state, before.at),
      });
    }
    const people = await peopleFor(locked?.state, await tx.now);
    const barred =
      locked && asksForPrivileges(locked.state, type)
        ? await this.#services.barredOf(tx, tenantId)
        : undefined;
    const answer = await work(tx, { policy, people, barred }, locked);
    assertClearedFor(clearance, answer.record.state.fields);
    const { id, version } = answer.record;
    const reference = { type: 'exception', id, version };
    remember(tx, tenantId, idempotency, { status: answer.status, reference, at: answer.now });
    return withSuggestions(answer, { policy, people });
  }

  /** Who may approve, and for whom, where that bears on what is asked. */
  async #peopleFor(
    tx: Transaction,
    { tenantId, actor }: Caller,
    { type, state, policy, now }: Asking,
  ): Promise<People | undefined> {
    if (!type) return undefined;
    const matter =
      peopleMatter(type, state) ||
      // Whose record it is not may act for somebody whose it is.
      (state && strangerRefusal(state, type, { actor, policy, now }));
    return matter ? this.#services.peopleOf(tx, tenantId, now) : undefined;
  }
}

function withSuggestions(answer: Answer, { policy, people }: Grounds): Answer {
  const { record, now } = answer;
  if (!people) return answer;
  return { ...answer, suggested: suggestApprovers(record.state, { now, policy, people }) };
}

/** Whether a command may make a record a request for privileged access. */
function asksForPrivileges(
  { fields }: ExceptionState,
  type: ExceptionCommand['type'] | undefined,
): boolean {
  // An edit may bring another control.
  return type === 'EditException' || (type === 'SubmitException' && isPrivileged(fields));
}

/** The record that a command is for; refuses where there is none, or not in the revision expected. */
function found(record: Stored | undefined, id: string, expected: number | undefined): Stored {
  if (!record) throw new DomainError('not-found', `there is no exception ${id}`);
  if (expected !== undefined && expected !== record.version) {
    throw new DomainError(
      'stale-revision',
      `the record has changed since (revision ${record.version}, you sent ${expected}); read it again and repeat the edit`,
    );
  }
  return record;
}
