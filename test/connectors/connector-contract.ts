import { describe, expect, test } from 'vitest';
import type { AzureClient } from '../../src/connectors/azure/azure-client.ts';
import { AzureClient as Client } from '../../src/connectors/azure/azure-client.ts';
import { azureError, type FakeAnswer } from '../../src/connectors/azure/fake/fake-call.ts';
import { FakeCloud, type FakeCloudOptions } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { serveFakeCloud } from '../../src/connectors/azure/fake/serve-fake-cloud.ts';
import type {
  CallOutcome,
  CloudGrant,
  Connector,
  GrantOrder,
  Mode,
  Observation,
} from '../../src/domain/enforcement/connector.ts';
import { type GrantSpec, grantKey } from '../../src/domain/enforcement/grant-spec.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { START } from '../support/given.ts';
import { rightsFor, rightsOf } from './azure-rights.ts';

/** A connector of Azure beside a cloud that it can reach. */
export interface BenchSubject {
  readonly make: (client: AzureClient) => Connector;
  /** What the cloud holds before: subscriptions, principals, parents. */
  readonly prepare: (cloud: FakeCloud) => void;
}

/** A connector beside what its contract needs to try it. */
export interface ContractSubject extends BenchSubject {
  readonly spec: GrantSpec;
  /** Something beside it that must be left alone: as a record would name it. */
  readonly other: GrantSpec;
  /** Where `list` finds both. */
  readonly scope: string;
  /** Takes away what the grant applies to; absent where nothing can. */
  readonly loseTarget?: (cloud: FakeCloud) => void;
  /** Whether the cloud keeps the grant's own end. */
  readonly keepsEnds?: boolean;
  /** Whether what was put in place by others is told from what Lapse put there. */
  readonly marks: boolean;
}

/** A connector that reaches a fake cloud of its own over HTTP. */
export interface Bench {
  readonly cloud: FakeCloud;
  readonly connector: Connector;
  readonly signal: AbortSignal;
  order(spec: GrantSpec, more?: Partial<GrantOrder>): GrantOrder;
  /** Applies or removes, and goes on until the cloud has finished. */
  settle(operation: 'apply' | 'remove', order: GrantOrder): Promise<CallOutcome>;
  observe(order: GrantOrder): Promise<Observation>;
  list(scope: string): Promise<CloudGrant[]>;
  /** What calls have changed so far. */
  changes(): number;
  /** Moves the cloud's clock on, in milliseconds. */
  pass(milliseconds: number): void;
  close(): Promise<void>;
}

/** Serves a fake cloud and makes the connector that reaches it. The cloud's clock can be moved. */
async function setUp(subject: BenchSubject, options: FakeCloudOptions = {}): Promise<Bench> {
  let now = START;
  const cloud = new FakeCloud({ now: () => now, ...options });
  subject.prepare(cloud);
  const served = await serveFakeCloud(cloud);
  const credential = {
    getToken: async () => ({ token: 'lapse', expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const connector = subject.make(new Client('simulated', credential, served.rewrite));
  const { signal } = new AbortController();
  const bench = {
    cloud,
    connector,
    signal,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    order: (spec: GrantSpec, more: Partial<GrantOrder> = {}): GrantOrder => ({
      tenantId: '01J6M9M5Y0Q2H6W2QF9Q1VABCD',
      grantId: 'GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCE-1',
      exceptionId: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
      spec,
      endsAt: START + 10 * DAY,
      ticketId: 'INC123456',
      requestor: 'rae@example.com',
      placed: undefined,
      ...more,
    }),
    settle: async (operation: 'apply' | 'remove', order: GrantOrder) => {
      const outcome = await connector[operation](order, signal);
      if (outcome.kind === 'pending') now += 5 * 60_000;
      return outcome;
    },
    observe: (order: GrantOrder) => connector.observe(order, signal),
    list: async (scope: string) => {
      const found: CloudGrant[] = [];
      for await (const grant of connector.list(scope, signal)) found.push(grant);
      return found;
    },
    changes: () => cloud.log.reduce((sum, { changes }) => sum + changes.length, 0),
    close: () => served.close(),
  };
  return bench;
}

const isTaken = (outcome: CallOutcome) => ['done', 'pending'].includes(outcome.kind);

/** Runs something with a connector that reaches a fake cloud, and closes the cloud. */
export async function withBench(
  subject: BenchSubject,
  run: (bench: Bench) => Promise<void>,
  options?: FakeCloudOptions,
): Promise<void> {
  const bench = await setUp(subject, options);
  try {
    await run(bench);
  } finally {
    await bench.close();
  }
}

/** What every connector does, whatever it reaches (domain/enforcement/connector.ts). */
export function connectorContract(name: string, subject: ContractSubject): void {
  const within = (run: (bench: Bench) => Promise<void>, options?: FakeCloudOptions) =>
    withBench(subject, run, options);

  describe(`the connector of ${name}`, () => {
    test('puts in place, sees it, takes away, sees it gone', () =>
      within(async (bench) => {
        const order = bench.order(subject.spec);
        expect(await bench.observe(order)).toEqual({ kind: 'absent' });
        const applied = await bench.settle('apply', order);
        expect(applied).toSatisfy(isTaken);
        const placed = 'placed' in applied ? applied.placed : undefined;
        const seen = await bench.observe({ ...order, placed });
        expect(seen).toMatchObject({ kind: 'present' });
        const removed = await bench.settle('remove', { ...order, placed });
        expect(removed).toSatisfy(isTaken);
        expect(await bench.observe({ ...order, placed })).toEqual({ kind: 'absent' });
      }));

    test('changes nothing when it is asked for the same again', () =>
      within(async (bench) => {
        const order = bench.order(subject.spec);
        const applied = await bench.settle('apply', order);
        const placed = 'placed' in applied ? applied.placed : undefined;
        const after = bench.changes();
        expect(after).toBeGreaterThan(0);
        expect(await bench.settle('apply', { ...order, placed })).toSatisfy(isTaken);
        expect(bench.changes()).toBe(after);
        await bench.settle('remove', { ...order, placed });
        const gone = bench.changes();
        expect(await bench.settle('remove', { ...order, placed })).toSatisfy(isTaken);
        expect(bench.changes()).toBe(gone);
      }));

    test('needs no more rights than the role that is shipped for its mode gives', () =>
      within(async (bench) => {
        const order = bench.order(subject.spec);
        await bench.observe(order);
        await bench.list(subject.scope);
        const takenSince = (from: number) => rightsFor(bench.cloud.log.slice(from));
        const lacking = (mode: Mode, rights: readonly string[]) =>
          rights.filter((right) => !rightsOf(mode).has(right));
        expect(lacking('observe', takenSince(0))).toEqual([]);
        const applied = await bench.settle('apply', order);
        expect(lacking('manage', takenSince(0))).toEqual([]);
        const before = bench.cloud.log.length;
        const placed = 'placed' in applied ? applied.placed : undefined;
        await bench.settle('remove', { ...order, placed });
        await bench.observe({ ...order, placed });
        expect(lacking('remove', takenSince(before))).toEqual([]);
      }));

    test('leaves alone what it was not asked for', () =>
      within(async (bench) => {
        await bench.settle('apply', bench.order(subject.other));
        const order = bench.order(subject.spec);
        await bench.settle('apply', order);
        await bench.settle('remove', order);
        expect(await bench.observe(bench.order(subject.other))).toMatchObject({ kind: 'present' });
      }));

    test('lists what is there in the terms of a record', () =>
      within(async (bench) => {
        await bench.settle('apply', bench.order(subject.spec));
        await bench.settle('apply', bench.order(subject.other));
        const listed = await bench.list(subject.scope);
        const keys = listed.map(({ spec }) => grantKey(spec));
        expect(keys).toEqual(
          expect.arrayContaining([grantKey(subject.spec), grantKey(subject.other)]),
        );
        const own = listed.find(({ spec }) => grantKey(spec) === grantKey(subject.spec));
        if (subject.marks) {
          expect(own?.placed.ours).toBe(true);
          expect(own?.markedFor).toBe('GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCE-1');
        }
        if (subject.keepsEnds) expect(own?.placed.endsAt).toBe(START + 10 * DAY);
      }));

    if (subject.keepsEnds) {
      test('moves the end that the cloud has for it, and keeps the rest', () =>
        within(async (bench) => {
          const order = bench.order(subject.spec);
          await bench.settle('apply', order);
          const later = { ...order, endsAt: START + 20 * DAY };
          expect(await bench.settle('apply', later)).toSatisfy(isTaken);
          expect(await bench.observe(later)).toMatchObject({
            kind: 'present',
            placed: { endsAt: START + 20 * DAY },
          });
          expect(await bench.list(subject.scope)).toHaveLength(1);
        }));
    }

    test.each([
      [
        '429 with Retry-After',
        { ...azureError(429, 'X', 'slow'), headers: { 'retry-after': '7' } },
        'throttled',
      ],
      ['500', azureError(500, 'InternalServerError', 'oh'), 'retry'],
      ['503 without a body', { status: 503 }, 'retry'],
      ['403', azureError(403, 'AuthorizationFailed', 'no role'), 'refused'],
      ['401', azureError(401, 'ExpiredAuthenticationToken', 'old'), 'retry'],
      ['a page of a proxy', { status: 502, body: '<html>' }, 'retry'],
    ] as const)('tells %s', (_, does: FakeAnswer, kind) =>
      within(async (bench) => {
        bench.cloud.fail({ fits: () => true, times: 100, does });
        const order = bench.order(subject.spec);
        const applied = await bench.connector.apply(order, bench.signal);
        expect(applied.kind).toBe(kind);
        if (applied.kind === 'throttled') expect(applied.retryAfter).toBe(7_000);
        expect((await bench.connector.remove(order, bench.signal)).kind).toBe(kind);
        const seen = await bench.observe(order);
        expect(seen.kind).toBe(kind === 'throttled' ? 'throttled' : 'undecided');
        expect(bench.changes()).toBe(0);
      }),
    );

    test('does not know what a connection that breaks has done, and finds it when it asks again', () =>
      within(async (bench) => {
        const order = bench.order(subject.spec);
        const isWrite = ({ method }: { method: string }) => method !== 'GET';
        bench.cloud.fail({ fits: isWrite, times: 1, does: 'drop-after' });
        expect(await bench.connector.apply(order, bench.signal)).toMatchObject({ kind: 'unknown' });
        bench.pass(5 * 60_000);
        const before = bench.changes();
        expect(await bench.settle('apply', order)).toSatisfy(isTaken);
        expect(bench.changes()).toBe(before);
        bench.cloud.fail({ fits: isWrite, times: 1, does: 'drop-after' });
        expect(await bench.connector.remove(order, bench.signal)).toMatchObject({
          kind: 'unknown',
        });
        bench.pass(5 * 60_000);
        expect(await bench.settle('remove', order)).toSatisfy(isTaken);
        expect(await bench.observe(order)).toEqual({ kind: 'absent' });
      }));

    if (subject.loseTarget) {
      const { loseTarget } = subject;
      test('tells that what it applies to is gone', () =>
        within(async (bench) => {
          const order = bench.order(subject.spec);
          await bench.settle('apply', order);
          loseTarget(bench.cloud);
          const removed = await bench.settle('remove', order);
          expect(['gone', 'done']).toContain(removed.kind);
          expect(['target-gone', 'absent']).toContain((await bench.observe(order)).kind);
        }));
    }
  });
}
