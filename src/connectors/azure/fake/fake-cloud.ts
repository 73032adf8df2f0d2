import { fakeActivityLog, fakeDirectoryAudits, fakeSubscriptions } from './fake-audit-logs.ts';
import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeChange,
  type FakePart,
  type Happened,
} from './fake-call.ts';
import { fakeFirewallRuleGroups } from './fake-firewall-rule-groups.ts';
import { fakeGroupMembers } from './fake-group-members.ts';
import { fakeOperations } from './fake-long-running.ts';
import { fakeNsgRules } from './fake-nsg-rules.ts';
import { fakePim } from './fake-pim.ts';
import { fakePolicyExemptions } from './fake-policy-exemptions.ts';
import { fakeResources } from './fake-resources.ts';
import { fakeRoleAssignments } from './fake-role-assignments.ts';
import { fakeSqlFirewallRules } from './fake-sql-firewall-rules.ts';
import { RESOURCE_MANAGER_LIMITS, TokenBuckets } from './token-buckets.ts';
import { VersionedStore } from './versioned-store.ts';

/** Something that goes wrong, so many times, with calls that it fits. */
export interface Fault {
  readonly fits: (call: FakeCall) => boolean;
  readonly times: number;
  /**
   * - `answer`: this is answered, and nothing happens.
   * - `drop`: the connection is closed, and nothing happens.
   * - `drop-after`: it happens, and the connection is closed before the answer.
   */
  readonly does: FakeAnswer | 'drop' | 'drop-after';
}

/** A call as the log of the fake keeps it. */
export interface LoggedCall {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly caller: string;
  /** 0 where the connection was closed. */
  readonly status: number;
  /** What it has changed. */
  readonly changes: readonly FakeChange[];
}

/** How the fake is set up. */
export interface FakeCloudOptions {
  /** Epoch milliseconds; real time unless given. */
  readonly now?: () => number;
  /** Whether it has Azure's documented limits. */
  readonly throttles?: boolean;
  /** How far reads lag behind writes, in milliseconds. */
  readonly lag?: number;
  /** How long it takes until the audit logs show a change, in milliseconds; really 3 to 20 minutes. */
  readonly auditDelay?: number;
}

const PARTS: readonly FakePart[] = [
  fakePim,
  fakeRoleAssignments,
  fakePolicyExemptions,
  fakeResources,
  fakeGroupMembers,
  fakeOperations,
  fakeNsgRules,
  fakeSqlFirewallRules,
  fakeFirewallRuleGroups,
  fakeActivityLog,
  fakeDirectoryAudits,
  fakeSubscriptions,
];
/** Calls and changes that the logs keep. */
const LOGGED = 200_000;

/**
 * A cloud in memory that answers as Azure does, as far as Lapse's connectors go: it keeps state, pages,
 * throttles, lags, and fails on demand. For the demonstration, the tests and the benchmarks.
 */
export class FakeCloud {
  readonly store = new VersionedStore();
  readonly log: LoggedCall[] = [];
  lag: number;
  auditDelay: number;
  throttles: boolean;
  readonly #now: () => number;
  readonly #buckets = new TokenBuckets();
  #happened: Happened[] = [];
  #calls = 0;
  #faults: { fault: Fault; left: number }[] = [];

  constructor({
    now = Date.now,
    throttles = false,
    lag = 0,
    auditDelay = 0,
  }: FakeCloudOptions = {}) {
    this.#now = now;
    this.throttles = throttles;
    this.lag = lag;
    this.auditDelay = auditDelay;
  }

  get now(): number {
    return this.#now();
  }

  /** Makes a subscription known. */
  addSubscription(id: string): void {
    this.store.put(`subscription:${id.toLowerCase()}`, { id }, 0);
  }

  /** Makes a user, group or service principal known to the directory. */
  addPrincipal(id: string): void {
    this.store.put(`principal:${id.toLowerCase()}`, { id }, 0);
  }

  /** Lets something go wrong from now on. */
  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times });
  }

  /** Ends whatever goes wrong. */
  mend(): void {
    this.#faults = [];
  }

  /** Answers a call; `undefined` where the connection is to be closed without an answer. */
  answer(asked: Omit<FakeCall, 'at'>): FakeAnswer | undefined {
    const call = { ...asked, at: this.#now() };
    const changes: FakeChange[] = [];
    const answer = this.#answer(call, changes);
    this.log.push({
      at: call.at,
      method: call.method,
      path: call.path,
      caller: call.caller,
      status: answer?.status ?? 0,
      changes,
    });
    if (this.log.length > LOGGED) this.log.shift();
    for (const change of changes) {
      const { at, caller } = call;
      this.#happened.push({ at, caller, number: this.#calls, change });
    }
    if (this.#happened.length > LOGGED) this.#happened.shift();
    this.#calls += 1;
    return answer;
  }

  #answer(call: FakeCall, changes: FakeChange[]): FakeAnswer | undefined {
    const does = this.#takeFault(call);
    if (does === 'drop') return undefined;
    if (typeof does === 'object') return does;
    const wait = this.#throttle(call);
    if (wait !== undefined) {
      const answer = azureError(429, 'SubscriptionRequestsThrottled', 'Too many requests.');
      return { ...answer, headers: { 'retry-after': String(wait) } };
    }
    const ground = {
      store: this.store,
      readAt: call.at - this.lag,
      happened: ({ from, to }: { from: number; to: number }) =>
        this.#happened.filter(
          ({ at }) => at >= from && at <= to && at + this.auditDelay <= call.at,
        ),
      changed: (change: FakeChange) => changes.push(change),
    };
    for (const part of PARTS) {
      const answer = part(call, ground);
      if (answer) return does === 'drop-after' ? undefined : answer;
    }
    return azureError(404, 'InvalidResourceType', `There is nothing at ${call.path}.`);
  }

  #takeFault(call: FakeCall): Fault['does'] | undefined {
    const found = this.#faults.find(({ fault, left }) => left > 0 && fault.fits(call));
    if (!found) return undefined;
    found.left -= 1;
    return found.fault.does;
  }

  #throttle({ host, path, method, caller, at }: FakeCall): number | undefined {
    if (!this.throttles || host !== 'management.azure.com') return undefined;
    const subscription = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1]?.toLowerCase() ?? '';
    const kind = method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : 'write';
    const bucket = `${subscription}/${caller}/${kind}`;
    return this.#buckets.take(bucket, RESOURCE_MANAGER_LIMITS[kind], at);
  }
}
