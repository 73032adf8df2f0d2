import type { Actor } from '../../domain/access/actor.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import { assessRequest, type RequestAssessment } from '../../domain/exception/assess-request.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import type { ChainPlace, Policy, RequestTemplate } from '../../domain/policy/policy.ts';
import { policyDigest } from '../../domain/policy/policy-digest.ts';
import { templatesOf } from '../../domain/policy/templates-of.ts';
import { type Instant, parseInstant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import type { PolicyState, PolicyVersion } from './policy-events.ts';
import { insertPack, type PolicyStore, readVersions } from './policy-store.ts';
import { policyStream } from './policy-stream.ts';

/** A pack with its place among the versions; without a version it is the built-in one. */
export interface PackInForce {
  readonly policy: Policy;
  readonly digest: string;
  readonly version?: PolicyVersion;
}

interface Services {
  readonly db: Database;
  readonly store: PolicyStore;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
}

/** Says which pack is in force, puts another in its place, and says what it means for a request. */
export class PolicyService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The pack in force. */
  inForce(tenantId: string): Promise<PackInForce> {
    return this.#services.db.inTenant(tenantId, (tx) => this.#newest(tx, tenantId));
  }

  /** The templates for new requests, and the domain's time that their dates are counted from. */
  templates(tenantId: string): Promise<{ items: readonly RequestTemplate[]; now: Instant }> {
    return this.#services.db.inTenant(tenantId, async (tx) => {
      const [policyFor, now] = await Promise.all([
        this.#services.store.inForce(tx, [tenantId]),
        tx.now,
      ]);
      return { items: templatesOf(policyFor(tenantId)), now };
    });
  }

  /** A pack that was in force once, or has decided a request. */
  find(tenantId: string, digest: string): Promise<Policy> {
    const { db, store } = this.#services;
    return db.inTenant(tenantId, (tx) => store.find(tx, tenantId, digest));
  }

  /**
   * Puts a pack in force from the next command on; what was decided stands. Refuses with
   * `stale-revision` where another version is in force than the one expected. The pack that is in
   * force already stays as it is, without a new version.
   */
  put(
    { tenantId, actor }: Principal,
    policy: Policy,
    expectedVersion: number,
    idempotency?: IdempotentRequest,
  ): Promise<PackInForce> {
    const { db, assertWritable } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      const [before, versions, now] = await Promise.all([
        recall(tx, tenantId, idempotency),
        readVersions(tx, tenantId),
        tx.now,
        assertWritable(tx, tenantId),
      ]);
      const digest = policyDigest(policy);
      const wasPut = before && versions[before.reference.version - 1];
      if (wasPut) return { policy, digest, version: wasPut };
      const newest = versions.at(-1);
      assertNewest(newest, expectedVersion);
      const version =
        newest?.digest === digest ? newest : append(tx, { tenantId, actor, policy, versions, now });
      const reference = { type: 'policy', id: tenantId, version: version.version };
      remember(tx, tenantId, idempotency, { status: 200, reference, at: now });
      return { policy, digest, version };
    });
  }

  /** What a pack, or else the one in force, says of a request. */
  assess(
    tenantId: string,
    fields: ExceptionFields,
    place: ChainPlace,
  ): Promise<RequestAssessment & { readonly digest: string }> {
    const { db, store } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      const [policyFor, now] = await Promise.all([store.inForce(tx, [tenantId]), tx.now]);
      const policy = policyFor(tenantId);
      return { ...assessRequest(policy, fields, place, now), digest: policyDigest(policy) };
    });
  }

  async #newest(tx: Transaction, tenantId: string): Promise<PackInForce> {
    const [policyFor, versions] = await Promise.all([
      this.#services.store.inForce(tx, [tenantId]),
      readVersions(tx, tenantId),
    ]);
    const policy = policyFor(tenantId);
    const version = versions.at(-1);
    return { policy, digest: policyDigest(policy), ...(version ? { version } : {}) };
  }
}

function assertNewest(newest: PolicyVersion | undefined, expected: number): void {
  const version = newest?.version ?? 0;
  if (version === expected) return;
  throw new DomainError(
    'stale-revision',
    `the policy has changed since (version ${version}, you sent ${expected}); look at what is in force now, and put your pack again`,
  );
}

interface Putting {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly policy: Policy;
  readonly versions: readonly PolicyVersion[];
  readonly now: number;
}

function append(
  tx: Transaction,
  { tenantId, actor, policy, versions, now }: Putting,
): PolicyVersion {
  const last = versions.at(-1);
  const before = last && { version: versions.length, state: { versions } satisfies PolicyState };
  const data = { digest: policyDigest(policy), id: policy.id };
  // Its events never go back in time, though the clock of a test may.
  const at = Math.max(now, parseInstant(last?.since ?? '') ?? 0);
  insertPack(tx, tenantId, policy);
  const events = [{ type: 'PolicyPut' as const, data }];
  const [change] = record(tx, policyStream, [
    { tenantId, streamId: tenantId, before, events, at, actor },
  ]);
  const version = change?.state.versions.at(-1);
  if (!version) throw new Error('a pack that was put has no event');
  return version;
}
