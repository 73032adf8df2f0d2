import { describe, expect, test } from 'vitest';
import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { roleAssignments } from '../../src/connectors/azure/role-assignments.ts';
import type { GrantSpec } from '../../src/domain/enforcement/grant-spec.ts';
import { DAY, MINUTE } from '../../src/domain/schedule/instant.ts';
import { DIRECTORY, PERSON, READER, ROLE, SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { START } from '../support/given.ts';
import { type Bench, connectorContract, withBench } from './connector-contract.ts';

const TIMED: GrantSpec = { ...ROLE, parameters: { mode: 'pim' } };

const subject = {
  make: roleAssignments,
  prepare(cloud: FakeCloud) {
    cloud.addSubscription(SUBSCRIPTION);
    cloud.addPrincipal(PERSON);
    cloud.addPrincipal(DIRECTORY);
  },
};

connectorContract('role assignments by PIM', {
  ...subject,
  spec: TIMED,
  other: { ...TIMED, subject: DIRECTORY },
  scope: `/subscriptions/${SUBSCRIPTION}`,
  loseTarget: (cloud) => cloud.store.put(`gone:${SCOPE.toLowerCase()}`, true, 0),
  keepsEnds: true,
  marks: true,
});

/** What was asked of PIM so far. */
function requests({ cloud }: Bench) {
  return cloud.log.flatMap(({ changes }) =>
    changes.flatMap(({ request }) => {
      const { properties } = (request ?? {}) as { properties?: Record<string, unknown> };
      return properties?.requestType === undefined ? [] : [properties];
    }),
  );
}

const types = (bench: Bench) => requests(bench).map(({ requestType }) => requestType);

describe('a role that PIM gives', () => {
  test('is asked for with its end, the exception and the ticket, and waited for', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(TIMED);
      expect(await bench.connector.apply(order, bench.signal)).toMatchObject({ kind: 'pending' });
      expect(requests(bench)).toEqual([
        {
          principalId: PERSON,
          roleDefinitionId: expect.stringMatching(new RegExp(`^/subscriptions/.*/${READER}$`)),
          requestType: 'AdminAssign',
          scheduleInfo: {
            expiration: {
              type: 'AfterDateTime',
              endDateTime: new Date(START + 10 * DAY).toISOString().replace('.000', ''),
            },
          },
          justification: 'Lapse GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCE-1 INC123456',
          ticketInfo: { ticketNumber: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE', ticketSystem: 'Lapse' },
        },
      ]);
      expect(await bench.observe(order)).toMatchObject({ kind: 'undecided' });
      expect(await bench.connector.apply(order, bench.signal)).toMatchObject({ kind: 'pending' });
      bench.pass(MINUTE);
      expect(await bench.observe(order)).toMatchObject({
        kind: 'present',
        placed: { ours: true, endsAt: START + 10 * DAY },
      });
      expect(types(bench)).toEqual(['AdminAssign']);
    }));

  test('has its end moved both ways', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(TIMED);
      for (const days of [10, 20, 15]) {
        await bench.settle('apply', { ...order, endsAt: START + days * DAY });
        expect(await bench.observe(order)).toMatchObject({
          placed: { endsAt: START + days * DAY },
        });
      }
      expect(types(bench)).toEqual(['AdminAssign', 'AdminExtend', 'AdminUpdate']);
    }));

  test('ends in the cloud by itself, and is then known to be gone', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(TIMED);
      await bench.settle('apply', order);
      bench.pass(10 * DAY);
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
      expect(await bench.settle('remove', order)).toEqual({ kind: 'done' });
      expect(types(bench)).toEqual(['AdminAssign']);
    }));

  test('is not given after all where it is taken away before PIM has finished', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(TIMED);
      await bench.connector.apply(order, bench.signal);
      expect(await bench.connector.remove(order, bench.signal)).toEqual({ kind: 'done' });
      bench.pass(DAY);
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
      expect(bench.cloud.store.list('assignment:')).toEqual([]);
    }));

  test('has nothing to do with what people ask of PIM themselves', () =>
    withBench(subject, async (bench) => {
      const key = `pim-request:${SCOPE}/own`.toLowerCase();
      const properties = { scope: SCOPE, principalId: PERSON, roleDefinitionId: `/x/${READER}` };
      const own = { ...properties, requestType: 'SelfActivate', status: 'PendingApproval' };
      bench.cloud.store.put(key, { id: `${SCOPE}/own`, name: 'own', properties: own }, 0);
      const order = bench.order(TIMED);
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
      expect(await bench.settle('remove', order)).toEqual({ kind: 'done' });
      expect(bench.cloud.store.get(key)).toMatchObject({ properties: own });
    }));

  test('is given again after it was taken away', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(TIMED);
      for (const operation of ['apply', 'remove', 'apply'] as const)
        await bench.settle(operation, order);
      expect(await bench.observe(order)).toMatchObject({ kind: 'present' });
      expect(types(bench)).toEqual(['AdminAssign', 'AdminRemove', 'AdminAssign']);
    }));

  test('is taken away too where somebody has assigned it past PIM', () =>
    withBench(subject, async (bench) => {
      await bench.settle('apply', bench.order(ROLE));
      const order = bench.order(TIMED);
      expect(await bench.settle('apply', order)).toEqual({ kind: 'done' });
      expect(await bench.observe(order)).toMatchObject({ kind: 'present' });
      await bench.settle('remove', order);
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
    }));

  test('is refused where the rules of PIM forbid it', () =>
    withBench(subject, async (bench) => {
      bench.cloud.store.put('pim-longest', DAY, 0);
      expect(await bench.settle('apply', bench.order(TIMED))).toEqual({
        kind: 'refused',
        message: expect.stringContaining('RoleAssignmentRequestPolicyValidationFailed'),
      });
    }));

  test.each([
    ['Denied', 'refused'],
    ['FailedAsResourceIsLocked', 'retry'],
    ['PendingApproval', 'pending'],
    ['Provisioned', 'done'],
    ['SomethingNew', 'pending'],
  ])('whose request is %s is %s', (status, kind) =>
    withBench(subject, async (bench) => {
      const isPut = ({ method }: { method: string }) => method === 'PUT';
      const does = { status: 201, body: { properties: { status } } };
      bench.cloud.fail({ fits: isPut, times: 1, does });
      expect(await bench.connector.apply(bench.order(TIMED), bench.signal)).toMatchObject({ kind });
    }),
  );

  test('lists the others where there is no licence for PIM', () =>
    withBench(subject, async (bench) => {
      await bench.settle('apply', bench.order(ROLE));
      const isPim = ({ path }: { path: string }) => /roleAssignmentSchedule/.test(path);
      const body = { error: { code: 'AadPremiumLicenseRequired', message: 'no licence' } };
      bench.cloud.fail({ fits: isPim, times: 2, does: { status: 400, body } });
      expect(await bench.list(SCOPE)).toHaveLength(1);
    }));
});

describe('what is no role assignment is refused without a call', () => {
  const refused: readonly (readonly [string, GrantSpec, RegExp])[] = [
    ['no subject', { ...ROLE, subject: undefined }, /needs a subject: the object id/],
    ['a subject by name', { ...ROLE, subject: "rae' or '1' eq '1" }, /a GUID/],
    ['no permission', { ...ROLE, permission: undefined }, /needs a permission: the id/],
    ['a permission by name', { ...ROLE, permission: 'Reader' }, /or its GUID/],
    ['another target', { ...ROLE, target: 'the shop' }, /a subscription \(/],
    ['another mode', { ...ROLE, parameters: { mode: 'PIM' } }, /is pim, or left out/],
    ['another principal', { ...ROLE, parameters: { principal_type: 'Robot' } }, /one of User/],
    ['another parameter', { ...ROLE, parameters: { modus: 'pim' } }, /it has principal_type, mode/],
  ];
  test.each(refused)('%s', (_, spec, message) =>
    withBench(subject, async (bench) => {
      const order = bench.order(spec);
      const answer = { kind: 'refused', message: expect.stringMatching(message) };
      expect(await bench.settle('apply', order)).toEqual(answer);
      expect(await bench.settle('remove', order)).toEqual(answer);
      expect(await bench.observe(order)).toMatchObject({ kind: 'undecided' });
      expect(bench.cloud.log).toEqual([]);
    }),
  );

  test('a role of PIM without an end', () =>
    withBench(subject, async (bench) => {
      const order = bench.order(TIMED, { endsAt: undefined });
      const message = expect.stringContaining('needs an end');
      expect(await bench.settle('apply', order)).toEqual({ kind: 'refused', message });
      expect(bench.cloud.log).toEqual([]);
    }));
});
