import { describe, expect, test } from 'vitest';
import type { FakeCall } from '../../src/connectors/azure/fake/fake-call.ts';
import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { addResource } from '../../src/connectors/azure/fake/fake-scopes.ts';
import { storageIpRules } from '../../src/connectors/azure/storage-ip-rules.ts';
import type { GrantSpec } from '../../src/domain/enforcement/grant-spec.ts';
import { SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { type ContractSubject, connectorContract, withBench } from './connector-contract.ts';

const ACCOUNT = `${SCOPE}/providers/Microsoft.Storage/storageAccounts/invoices`;
const RULE = { kind: 'storage-ip-rule', target: ACCOUNT, subject: '203.0.113.7' } as const;
const OTHER = { ...RULE, subject: '198.51.100.0/24' };

const subject: ContractSubject = {
  make: storageIpRules,
  prepare(cloud) {
    cloud.addSubscription(SUBSCRIPTION);
    addResource(cloud.store, ACCOUNT, {
      id: ACCOUNT,
      properties: { networkAcls: { defaultAction: 'Deny', ipRules: [] } },
    });
  },
  spec: RULE,
  other: OTHER,
  scope: `/subscriptions/${SUBSCRIPTION}`,
  loseTarget: (cloud) => cloud.store.put(`resource:${ACCOUNT.toLowerCase()}`, undefined, 0),
  marks: false,
};

connectorContract('IP rules of storage accounts', subject);

const write = (cloud: FakeCloud, ...values: string[]) =>
  cloud.answer({
    method: 'PATCH',
    host: 'management.azure.com',
    path: ACCOUNT,
    query: new URLSearchParams('api-version=2023-01-01'),
    body: { properties: { networkAcls: { ipRules: values.map((value) => ({ value })) } } },
    caller: 'somebody',
  });

/** Has somebody write these rules after our write and before it is read back, so many times. */
const writeOver = (cloud: FakeCloud, times: number, ...values: string[]) => {
  let [hasWritten, left] = [false, times];
  const fits = ({ method, caller }: FakeCall) => {
    if (caller === 'somebody') return false;
    if (hasWritten && method === 'GET' && left > 0) {
      left -= 1;
      write(cloud, ...values);
    }
    hasWritten = method === 'PATCH';
    return false;
  };
  cloud.fail({ fits, times: 1, does: 'drop' });
};

const rules = async ({ list }: { list(scope: string): Promise<{ spec: GrantSpec }[]> }) =>
  (await list(ACCOUNT)).map(({ spec }) => spec.subject);

describe('several changes of one account at once', () => {
  test('lose none of their rules, and bring none of them back', () =>
    withBench(subject, async (bench) => {
      const { cloud, connector, order, signal } = bench;
      write(cloud, '192.0.2.1', '192.0.2.2');
      const at = (address: string) => order({ ...RULE, subject: address });
      const added = [...Array(8).keys()].map((number) => `203.0.113.${number + 1}`);
      await Promise.all([
        ...added.map((address) => connector.apply(at(address), signal)),
        connector.remove(at('192.0.2.1'), signal),
      ]);
      expect(new Set(await rules(bench))).toEqual(new Set(['192.0.2.2', ...added]));
    }));

  test('another one fails and holds up none of those that follow', () =>
    withBench(subject, async (bench) => {
      const { cloud, connector, order, signal } = bench;
      cloud.fail({ fits: ({ method }) => method === 'PATCH', times: 1, does: 'drop' });
      const [first, second] = await Promise.all([
        connector.apply(order(RULE), signal),
        connector.apply(order(OTHER), signal),
      ]);
      expect([first?.kind, second?.kind]).toEqual(['unknown', 'pending']);
      expect(await rules(bench)).toEqual([OTHER.subject]);
    }));
});

describe('another process that had read the rules before', () => {
  test('writes ours over before it is read back: it is written once more, beside theirs', () =>
    withBench(subject, async (bench) => {
      const { cloud, connector, order, signal } = bench;
      writeOver(cloud, 1, '192.0.2.9');
      expect(await connector.apply(order(RULE), signal)).toMatchObject({ kind: 'pending' });
      expect(await rules(bench)).toEqual(['192.0.2.9', RULE.subject]);
    }));

  test('brings back what we took away: it is taken away once more, and theirs stays', () =>
    withBench(subject, async (bench) => {
      const { cloud, connector, order, signal, observe } = bench;
      write(cloud, RULE.subject);
      writeOver(cloud, 1, RULE.subject, '192.0.2.9');
      expect(await connector.remove(order(RULE), signal)).toMatchObject({ kind: 'pending' });
      expect(await rules(bench)).toEqual(['192.0.2.9']);
      expect(await observe(order(RULE))).toEqual({ kind: 'absent' });
    }));

  test('does so after the read back: the call was only pending, and the later look sees it', () =>
    withBench(subject, async ({ cloud, connector, order, signal, observe }) => {
      write(cloud, RULE.subject);
      const removed = await connector.remove(order(RULE), signal);
      expect(removed).toMatchObject({ kind: 'pending', retryAfter: 5_000 });
      write(cloud, RULE.subject);
      expect(await observe(order(RULE))).toMatchObject({ kind: 'present' });
    }));

  test('does so again and again: the call is to be made again later', () =>
    withBench(subject, async ({ cloud, connector, order, signal }) => {
      writeOver(cloud, 10, '192.0.2.9');
      expect(await connector.apply(order(RULE), signal)).toMatchObject({ kind: 'retry' });
    }));
});

test('keeps everything else of the account', () =>
  withBench(subject, async ({ cloud, settle, order }) => {
    await settle('apply', order(RULE));
    expect(cloud.store.get(`resource:${ACCOUNT.toLowerCase()}`)).toMatchObject({
      properties: { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: RULE.subject }] } },
    });
  }));

test.each<[GrantSpec, string]>([
  [{ ...RULE, target: SCOPE }, 'a storage account would pass'],
  [{ kind: RULE.kind, target: ACCOUNT }, 'needs a subject'],
  [{ ...RULE, subject: 'office' }, 'is no address'],
  [{ ...RULE, subject: '2001:db8::/32' }, 'is IPv6'],
  [{ ...RULE, subject: '203.0.113.7-203.0.113.9' }, 'is a range, and IP rules have none'],
  [{ ...RULE, subject: '203.0.113.6/31' }, 'two grants, one for each address'],
  [{ ...RULE, subject: '203.0.113.7/32' }, 'is written 203.0.113.7'],
  [{ ...RULE, subject: '10.1.0.0/16' }, 'is private'],
  [{ ...RULE, subject: '0.0.0.0/0' }, 'is every address'],
])('refuses %j and sends nothing', (spec, message) =>
  withBench(subject, async ({ cloud, connector, order, signal }) => {
    const refused = { kind: 'refused', message: expect.stringContaining(message) };
    expect(await connector.apply(order(spec), signal)).toEqual(refused);
    expect(cloud.log).toEqual([]);
  }),
);
