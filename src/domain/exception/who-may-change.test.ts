import { describe, expect, it, test } from 'vitest';
import {
  APPROVER,
  alsoOwnedBy,
  delegation,
  given,
  inStatus,
  personOf,
  REQUESTOR,
  START,
  TENANT,
} from '../../../test/support/given.ts';
import { type Actor, APPROVAL_ROLES, CLOCK, type Role } from '../access/actor.ts';
import type { People } from '../delegation/people.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { policyPack } from '../policy/policy-pack.ts';
import { DAY } from '../schedule/instant.ts';
import type { CommandType } from './commands.ts';
import { decide, POSSIBLE_IN } from './decide.ts';
import { isRefusal } from './decision.ts';
import { STATUSES } from './status.ts';
import { strangerRefusal } from './who-may-change.ts';

/**
 * Who may give each command on a record that is not theirs, written out by hand: a change here is a
 * change of what people may do to the records of others. Every approval role is as `approver` is.
 */
const TABLE = `
                       requestor  approver  platform-lead  administrator  auditor
DraftException         yes        yes       yes            yes            yes
DraftRenewal           -          -         yes            yes            -
EditException          -          -         yes            yes            -
SubmitException        -          -         yes            yes            -
RequestChanges         yes        yes       yes            yes            yes
WithdrawException      -          -         yes            yes            -
ApproveException       yes        yes       yes            yes            yes
RejectException        yes        yes       yes            yes            yes
ActivateException      -          -         yes            yes            -
RequestExtension       -          -         yes            yes            -
RequestPermanence      -          -         yes            yes            -
CompleteReview         -          -         yes            yes            -
ReassessRisk           -          yes       yes            yes            -
RequireRearchitecture  yes        yes       yes            yes            yes
LinkRenewal            yes        yes       yes            yes            yes
UnlinkRenewal          yes        yes       yes            yes            yes
RevokeException        -          yes       yes            yes            -
CloseException         -          -         yes            yes            -
ArchiveException       -          -         yes            yes            -
AddEvidence            -          -         yes            yes            -
ConfirmRemoval         -          -         yes            yes            -
RecordViolation        yes        yes       yes            yes            yes
`;
const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const cells = rows.flatMap(([type, ...given]) =>
  given.map((cell, index) => [type as CommandType, header[index] as Role, cell] as const),
);

const stranger = (role: Actor['role'], more: Partial<Actor> = {}): Actor => ({
  id: `someone-${role}`,
  name: `Someone, ${role}`,
  email: `someone-${role}@example.com`,
  role,
  ...more,
});
const OWNER: Actor = { ...stranger('requestor'), id: 'x', email: 'OSEI@Example.com' };

const policyWith = (more: Partial<Policy>): Policy => ({ ...BUILT_IN_POLICY, ...more });
const record = () => given().state;
const may = (
  type: CommandType,
  actor: Actor,
  { state = record(), policy = BUILT_IN_POLICY, people, now = START }: Surroundings = {},
) => strangerRefusal(state, type, { actor, policy, people, now }) === undefined;

interface Surroundings {
  readonly state?: ReturnType<typeof record>;
  readonly policy?: Policy;
  readonly people?: People;
  readonly now?: number;
}

describe('on the record of somebody else', () => {
  it('there is a row for every command', () => {
    const commands = ['DraftException', 'DraftRenewal', ...Object.keys(POSSIBLE_IN)];
    expect(rows.map(([type]) => type).sort()).toEqual(commands.sort());
  });

  it.each(cells)('%s by %s: %s', (type, role, cell) => {
    expect(may(type, stranger(role))).toBe(cell === 'yes');
    const roles = APPROVAL_ROLES.filter((each) => each !== 'platform-lead');
    if (role === 'approver')
      for (const each of roles)
        expect([each, may(type, stranger(each))]).toEqual([each, cell === 'yes']);
  });

  it('what time brings about is open to nobody but the clock, and to it', () => {
    expect(may('ArchiveException', CLOCK)).toBe(true);
  });

  it.each(STATUSES)('a stranger is refused as one in %s, whatever the state allows', (status) => {
    const { state, now } = inStatus(status);
    const actor = stranger('requestor');
    for (const [type, role, cell] of cells) {
      if (role !== 'requestor' || cell === 'yes' || type === 'DraftRenewal') continue;
      const context = { now, actor, policy: BUILT_IN_POLICY, tenantId: TENANT };
      const decision = decide(state, { type } as never, context);
      expect([type, isRefusal(decision) && decision.code]).toEqual([type, 'not-concerned']);
    }
  });
});

describe('a record is the own of', () => {
  const state = given({ requestor: { name: 'A. Rivera', email: 'For@Example.com' } }).state;

  it.each<[string, Actor]>([
    ['who drafted it', REQUESTOR],
    ['who drafted it, with another token', { ...REQUESTOR, id: 'another' }],
    [
      'the machine that drafted it, which has no address',
      { id: 'rivera', name: 'Bot', role: 'requestor' },
    ],
    ['for whom it is requested', { ...stranger('requestor'), email: 'for@example.com' }],
    ['an owner, by the address in any letters', OWNER],
    [
      'an owner among whose roles is that of an auditor',
      { ...OWNER, roles: ['requestor', 'auditor'] },
    ],
  ])('%s', (_, actor) => {
    for (const [type] of rows) expect(may(type as CommandType, actor, { state })).toBe(true);
  });

  it.each<[string, Actor]>([
    ['who has the name of an owner', stranger('requestor', { name: 'B. Osei' })],
    ['who has neither the address nor the id', { id: 'bot', name: 'A. Rivera', role: 'requestor' }],
    ['who has the address as a name', stranger('requestor', { name: 'osei@example.com' })],
  ])('not: %s', (_, actor) => {
    expect(may('EditException', actor, { state })).toBe(false);
  });

  it('not of an owner without an address, nor of anybody without one', () => {
    const unknown = given({
      owners: [{ name: 'The team' }],
      requestor: { name: 'Who asked' },
    }).state;
    for (const name of ['The team', 'Who asked'])
      expect(may('EditException', { id: 'x', name, role: 'requestor' }, { state: unknown })).toBe(
        false,
      );
  });

  it('not any more of who owned it before', () => {
    const story = given(alsoOwnedBy(APPROVER));
    expect(may('EditException', APPROVER, story)).toBe(true);
    const owners = [{ name: 'B. Osei', email: 'osei@example.com' }];
    const after = story.with({ type: 'EditException', changes: { owners } });
    expect(may('EditException', APPROVER, after)).toBe(false);
  });
});

describe('whoever acts for somebody whose record it is', () => {
  const acting = delegation({ ...OWNER, role: 'security' }, APPROVER);
  const people: People = { approvers: [], delegations: [acting] };

  it('may what they may, while that lasts', () => {
    expect(may('EditException', APPROVER, { people })).toBe(true);
    expect(may('EditException', APPROVER, { people, now: START + 10 * DAY })).toBe(false);
    expect(may('EditException', APPROVER, { people, now: START - 1 })).toBe(false);
    expect(may('EditException', APPROVER)).toBe(false);
  });

  it('but nobody else, nor whoever they themselves act for', () => {
    expect(may('EditException', stranger('requestor'), { people })).toBe(false);
    const reverse = { approvers: [], delegations: [delegation(APPROVER, OWNER)] };
    expect(may('EditException', APPROVER, { people: reverse })).toBe(false);
  });
});

describe('a policy', () => {
  const gate = (roles: readonly Role[]): Policy =>
    policyWith({
      rules: [
        ...BUILT_IN_POLICY.rules,
        {
          id: 'gate',
          source: 'a test',
          match: {},
          effects: { gates: { close: [...roles] as never } },
        },
      ],
    });

  it('that lets anyone change records keeps nobody out', () => {
    const policy = policyWith({ changes_by: 'anyone' });
    for (const [type, role] of cells) expect(may(type, stranger(role), { policy })).toBe(true);
  });

  it('that reserves a transition for a role lets that role take any record across it', () => {
    const policy = gate(['ciso']);
    expect(may('CloseException', personOf('ciso'), { policy })).toBe(true);
    expect(may('EditException', personOf('ciso'), { policy })).toBe(false);
    expect(may('CloseException', personOf('dpo'), { policy })).toBe(false);
  });

  it('that reserves it for requestors, which all are, lets none of them at what is not theirs', () => {
    expect(may('CloseException', stranger('requestor'), { policy: gate(['requestor']) })).toBe(
      false,
    );
  });

  it('of an older release, which says nothing of it, keeps strangers out', () => {
    const { changes_by: _, ...older } = BUILT_IN_POLICY;
    expect(policyPack.parse(older).changes_by).toBe('those-concerned');
  });
});

test('a refusal says whose the record is, and by which rule', () => {
  const story = given({
    owners: [{ name: 'B. Osei', email: 'osei@example.com' }, { name: 'The team' }],
  });
  const refusal = story.refuses(
    { type: 'RevokeException', reason: 'no more' },
    stranger('requestor'),
  );
  expect(refusal).toMatchObject({ code: 'not-concerned' });
  expect(refusal.message).toBe(
    'the record is not yours: it takes A. Rivera, B. Osei, The team (named without an address, by which alone people are recognised), who acts for one of them, or a role of approver, platform-lead, administrator (policy, changes_by: those-concerned; ADR 0041). Ask one of them; a comment is open to you',
  );
});
