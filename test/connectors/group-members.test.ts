import { expect, test } from 'vitest';
import { addGroup } from '../../src/connectors/azure/fake/fake-group-members.ts';
import { groupMembers } from '../../src/connectors/azure/group-members.ts';
import { DIRECTORY, PERSON } from '../enforcement/cloud-lab.ts';
import { type ContractSubject, connectorContract, withBench } from './connector-contract.ts';

const GROUP = 'bbbbbbbb-2222-4333-8444-555555555555';
const MEMBER = { kind: 'group-member', target: GROUP, subject: PERSON } as const;
const OTHER = { ...MEMBER, subject: DIRECTORY };

const subject: ContractSubject = {
  make: groupMembers,
  prepare(cloud) {
    addGroup(cloud.store, GROUP);
    cloud.addPrincipal(PERSON);
    cloud.addPrincipal(DIRECTORY);
  },
  spec: MEMBER,
  other: OTHER,
  scope: GROUP,
  loseTarget: (cloud) => cloud.store.put(`group:${GROUP}`, undefined, 0),
  marks: false,
};

connectorContract('group members', subject);

const userThere = (cloud: { store: { get(key: string): unknown } }) =>
  cloud.store.get(`principal:${PERSON}`) !== undefined;

test('a DELETE without $ref deletes the user in the fake, as it may in the directory', () =>
  withBench(subject, async ({ cloud }) => {
    cloud.answer({
      method: 'DELETE',
      host: 'graph.microsoft.com',
      path: `/v1.0/groups/${GROUP}/members/${PERSON}`,
      query: new URLSearchParams(),
      body: undefined,
      caller: 'somebody',
    });
    expect(userThere(cloud)).toBe(false);
  }));

test.each([
  PERSON,
  ` ${PERSON.toUpperCase()} `,
  `${PERSON}/`,
  `${PERSON}?`,
  `${PERSON}#`,
  `${PERSON}/$ref/..`,
  `${PERSON}/x/../..`,
  '.',
  '..',
])('no request that writes for %j ever lacks $ref, and the user stays', (person) =>
  withBench(subject, async ({ cloud, connector, order, signal }) => {
    const asked = order({ ...MEMBER, subject: person });
    await connector.apply(asked, signal);
    await connector.remove(asked, signal);
    await connector.remove({ ...asked, placed: { id: 'somewhere', ours: true } }, signal);
    const writes = cloud.log.filter(({ method }) => method !== 'GET');
    for (const { path } of writes) expect(path).toMatch(/\/\$ref$/);
    expect(userThere(cloud)).toBe(true);
  }),
);

test('finds a member beyond the first page, and lists every page', () =>
  withBench(subject, async ({ cloud, observe, order, list }) => {
    for (let number = 0; number < 250; number += 1) {
      const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      cloud.store.put(`member:${GROUP}/${id}`, { id }, 0);
    }
    cloud.store.put(`member:${GROUP}/${PERSON}`, { id: PERSON }, 0);
    expect(await observe(order(MEMBER))).toMatchObject({ kind: 'present' });
    expect(await list(GROUP)).toHaveLength(251);
  }));

test('takes a member who is there already, and one who is not there any more, as done', () =>
  withBench(subject, async ({ cloud, connector, order, signal }) => {
    cloud.store.put(`member:${GROUP}/${PERSON}`, { id: PERSON }, 0);
    expect(await connector.apply(order(MEMBER), signal)).toEqual({ kind: 'done' });
    expect(await connector.remove(order(MEMBER), signal)).toEqual({ kind: 'done' });
    expect(await connector.remove(order(MEMBER), signal)).toEqual({ kind: 'done' });
  }));

test('asks for three reads, since they lag behind what was written', () =>
  withBench(
    subject,
    async ({ connector, order, signal, observe, pass }) => {
      await connector.apply(order(MEMBER), signal);
      expect(await observe(order(MEMBER))).toEqual({ kind: 'absent' });
      pass(60_000);
      expect(await observe(order(MEMBER))).toMatchObject({ kind: 'present' });
      await connector.remove(order(MEMBER), signal);
      expect(await observe(order(MEMBER))).toMatchObject({ kind: 'present' });
      pass(60_000);
      expect(await observe(order(MEMBER))).toEqual({ kind: 'absent' });
      expect(connector.readsToConfirm).toBe(3);
    },
    { lag: 30_000 },
  ));

test.each([
  [
    { ...MEMBER, subject: undefined },
    'subject of a group member is missing: the object id of the user',
  ],
  [{ ...MEMBER, subject: 'rae@example.com' }, 'is rae@example.com: the object id of the user'],
  [{ ...MEMBER, target: 'ca-exclusions' }, 'is ca-exclusions: the object id of the group'],
])('refuses %j and sends nothing', (spec, message) =>
  withBench(subject, async ({ cloud, connector, order, signal, observe }) => {
    const refused = { kind: 'refused', message: expect.stringContaining(message) };
    const asked = order(spec as typeof MEMBER);
    expect(await connector.apply(asked, signal)).toEqual(refused);
    expect(await connector.remove(asked, signal)).toEqual(refused);
    expect(await observe(asked)).toMatchObject({ kind: 'undecided' });
    expect(cloud.log).toEqual([]);
  }),
);
