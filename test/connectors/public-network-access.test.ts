import { describe, expect, test } from 'vitest';
import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { publicNetworkAccess } from '../../src/connectors/azure/public-network-access.ts';
import type { GrantSpec } from '../../src/domain/enforcement/grant-spec.ts';
import { DAY, MINUTE } from '../../src/domain/schedule/instant.ts';
import { PERSON, SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { START } from '../support/given.ts';
import { type Bench, connectorContract, withBench } from './connector-contract.ts';
import { BASELINE, preparePolicies } from './policy-cloud.ts';

const SERVER = `${SCOPE}/providers/Microsoft.Sql/servers/orders`;
const VAULT = `${SCOPE}/providers/Microsoft.KeyVault/vaults/keys`;
const ACCOUNT = `${SCOPE}/providers/Microsoft.Storage/storageAccounts/files`;
const OPEN = `${SCOPE}/providers/Microsoft.Storage/storageAccounts/open`;
const UNSET = `${SCOPE}/providers/Microsoft.Sql/servers/unset`;

const access = (target: string, parameters?: Record<string, string>): GrantSpec => ({
  kind: 'public-network-access',
  target,
  ...(parameters ? { parameters } : {}),
});
const EXEMPTED = access(SERVER, { policy_assignment: BASELINE });

const subject = {
  make: publicNetworkAccess,
  prepare(cloud: FakeCloud) {
    preparePolicies(cloud);
    for (const [id, publicNetworkAccess] of [
      [SERVER, 'Disabled'],
      [VAULT, 'disabled'],
      [ACCOUNT, 'SecuredByPerimeter'],
      [OPEN, 'Enabled'],
      [UNSET, undefined],
    ] as const) {
      const value = { id, tags: { team: 'shop' }, properties: { publicNetworkAccess, kind: 'x' } };
      cloud.store.put(`resource:${id.toLowerCase()}`, value, 0);
    }
  },
};

const contract = {
  ...subject,
  scope: `/subscriptions/${SUBSCRIPTION}`,
  loseTarget: (cloud: FakeCloud) =>
    cloud.store.put(`resource:${VAULT.toLowerCase()}`, undefined, 0),
  marks: true,
};
connectorContract('public network access', {
  ...contract,
  spec: access(VAULT),
  other: access(ACCOUNT),
});
connectorContract('public network access, where it takes its time', {
  ...contract,
  spec: access(SERVER),
  other: access(VAULT),
  loseTarget: (cloud) => cloud.store.put(`gone:${SCOPE.toLowerCase()}`, true, 0),
});

/** How a resource stands, and its tags. */
function standing({ cloud }: Bench, id: string) {
  const { properties, tags } = cloud.store.get(`resource:${id.toLowerCase()}`) as {
    properties: Record<string, unknown>;
    tags: Record<string, string>;
  };
  return { access: properties.publicNetworkAccess, tags };
}

const changes = ({ cloud }: Bench) =>
  cloud.log.flatMap((call) => call.changes.map(({ operation }) => operation.split('/').slice(-2)));

describe('public network access', () => {
  test.each([
    [VAULT, 'disabled'],
    [ACCOUNT, 'SecuredByPerimeter'],
    [OPEN, 'Enabled'],
    [UNSET, 'Enabled'],
  ])('of %s is restored as it was', (target, before) =>
    withBench(subject, async (bench) => {
      const order = bench.order(access(target));
      const applied = await bench.settle('apply', order);
      expect(applied).toMatchObject({ placed: { ours: true, prior: before } });
      const placed = 'placed' in applied ? applied.placed : undefined;
      expect(standing(bench, target).access).toMatch(/^enabled$/i);
      expect(await bench.observe({ ...order, placed })).toMatchObject({
        kind: 'present',
        placed: { prior: before },
      });
      const removed = await bench.settle('remove', { ...order, placed });
      const left = 'placed' in removed ? removed.placed : placed;
      expect(await bench.observe({ ...order, placed: left })).toEqual({ kind: 'absent' });
      expect(standing(bench, target)).toEqual({
        access: target === UNSET ? 'Enabled' : before,
        tags: { team: 'shop' },
      });
    }),
  );

  test('is restored where every answer to what opened it was lost', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(access(VAULT));
      const isWrite = ({ method }: { method: string }) => method === 'PATCH';
      bench.cloud.fail({ fits: isWrite, times: 1, does: 'drop-after' });
      expect(await bench.settle('apply', order)).toMatchObject({ kind: 'unknown' });
      expect(await bench.settle('apply', order)).toMatchObject({ placed: { prior: 'disabled' } });
      await bench.settle('remove', order);
      expect(standing(bench, VAULT).access).toBe('disabled');
    }));

  test('is not mistaken for what an earlier grant has left', () =>
    withBench(subject, async (bench) => {
      await bench.settle('apply', bench.order(access(OPEN)));
      const key = `resource:${OPEN.toLowerCase()}`;
      const opened = bench.cloud.store.get(key) as { properties: object };
      const properties = { publicNetworkAccess: 'Disabled' };
      bench.cloud.store.put(key, { ...opened, properties }, START);
      const again = bench.order(access(OPEN), { grantId: 'GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCF-1' });
      expect(await bench.settle('apply', again)).toMatchObject({ placed: { prior: 'Disabled' } });
    }));

  test('is closed too where it is still being opened', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(access(SERVER));
      const applied = await bench.connector.apply(order, bench.signal);
      const placed = 'placed' in applied ? applied.placed : undefined;
      bench.pass(1_000);
      expect(await bench.settle('remove', { ...order, placed })).toMatchObject({ kind: 'pending' });
      expect(standing(bench, SERVER)).toEqual({ access: 'Disabled', tags: { team: 'shop' } });
    }));

  test('that others closed stays closed, and loses the mark', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(access(OPEN));
      await bench.settle('apply', order);
      const key = `resource:${OPEN.toLowerCase()}`;
      const opened = bench.cloud.store.get(key) as object;
      const properties = { publicNetworkAccess: 'Disabled' };
      bench.cloud.store.put(key, { ...opened, properties }, START);
      await bench.settle('remove', order);
      expect(standing(bench, OPEN)).toEqual({ access: 'Disabled', tags: { team: 'shop' } });
    }));

  test('that others opened is closed, since the exception names it exactly', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(access(OPEN));
      expect(await bench.observe(order)).toMatchObject({
        kind: 'present',
        placed: { ours: false },
      });
      await bench.settle('remove', order);
      expect(standing(bench, OPEN).access).toBe('Disabled');
    }));

  test('is exempted, opened, closed, and exempt no more, in this order', () =>
    withBench(subject, async (bench) => {
      bench.cloud.store.put(`denies-public:${BASELINE.toLowerCase()}`, SCOPE, 0);
      expect(await bench.settle('apply', bench.order(access(SERVER)))).toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('RequestDisallowedByPolicy'),
      });
      const order = bench.order(EXEMPTED);
      const applied = await bench.connector.apply(order, bench.signal);
      expect(applied).toMatchObject({
        kind: 'pending',
        retryAfter: 30_000,
        placed: { endsAt: START + 10 * DAY, prior: 'Disabled' },
      });
      expect(await bench.observe(order)).toMatchObject({ kind: 'undecided' });
      bench.pass(MINUTE);
      expect(await bench.observe(order)).toMatchObject({
        kind: 'present',
        placed: { endsAt: START + 10 * DAY },
      });
      expect(await bench.settle('apply', { ...order, endsAt: START + 20 * DAY })).toMatchObject({
        kind: 'done',
        placed: { endsAt: START + 20 * DAY, prior: 'Disabled' },
      });
      expect(await bench.settle('remove', order)).toMatchObject({ kind: 'pending' });
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
      expect(changes(bench)).toEqual([
        ['policyExemptions', 'write'],
        ['servers', 'write'],
        ['policyExemptions', 'write'],
        ['servers', 'write'],
        ['policyExemptions', 'delete'],
      ]);
    }));

  test('keeps its exemption while it cannot be closed', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(EXEMPTED);
      await bench.settle('apply', order);
      const isPatch = ({ method }: { method: string }) => method === 'PATCH';
      bench.cloud.fail({ fits: isPatch, times: 1, does: { status: 500 } });
      expect(await bench.settle('remove', order)).toMatchObject({ kind: 'retry' });
      expect(bench.cloud.store.list('exemption:')).toHaveLength(1);
    }));

  test('is tried again while its exemption is not honoured yet', () =>
    withBench(subject, async (bench) => {
      const other = BASELINE.replace('baseline', 'another');
      bench.cloud.store.put(`denies-public:${other.toLowerCase()}`, SCOPE, 0);
      expect(await bench.settle('apply', bench.order(EXEMPTED))).toMatchObject({
        kind: 'retry',
        message: expect.stringContaining('not honoured yet'),
      });
    }));

  const refused: readonly (readonly [string, GrantSpec, RegExp])[] = [
    ['another type', access(`${SCOPE}/providers/Microsoft.Web/sites/shop`), /Microsoft.Sql\/ser/],
    ['a group', access(SCOPE), /Microsoft.KeyVault\/vaults/],
    ['something in a server', access(`${SERVER}/databases/one`), /of one of these types/],
    ['a subject', { ...access(VAULT), subject: PERSON }, /no subject and no permission/],
    ['a permission', { ...access(VAULT), permission: BASELINE }, /no subject and no permission/],
    ['another parameter', access(VAULT, { policy: BASELINE }), /it has policy_assignment/],
    ['another policy', access(VAULT, { policy_assignment: 'baseline' }), /policyAssignments/],
    [
      'another category',
      access(VAULT, { policy_assignment: BASELINE, category: 'x' }),
      /Waiver or Mitigated/,
    ],
  ];
  test.each(refused)('is refused without a call for %s', (_, spec, message) =>
    withBench(subject, async (bench) => {
      expect(await bench.settle('apply', bench.order(spec))).toEqual({
        kind: 'refused',
        message: expect.stringMatching(message),
      });
      expect(bench.cloud.log).toEqual([]);
    }),
  );
});
