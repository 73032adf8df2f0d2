import { describe, expect, it } from 'vitest';
import { judge, type KnownRecord, type Register } from './cover-access.ts';
import { accessOf, UnknownAccess } from './planned-access.ts';
import type { PlannedChange } from './read-plan.ts';

const S = '/subscriptions/11111111-2222-4333-8444-555555555555';
const PERSON = 'aaaaaaaa-2222-4333-8444-555555555555';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const READER_ID = `${S}/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
const ASSIGNMENT = `${S}/providers/Microsoft.Authorization/policyAssignments/tls`;
const END = '2026-03-07T00:00:00.000Z';

function planned(
  type: string,
  after: Record<string, unknown>,
  rest: Partial<PlannedChange> = {},
): PlannedChange {
  return {
    address: `${type}.one`,
    type,
    after,
    unknown: {},
    isDeferred: false,
    line: 1,
    column: 1,
    ...rest,
  };
}

const role = (rest: Record<string, unknown> = {}) =>
  planned('azurerm_role_assignment', {
    ...{ scope: `${S}/resourceGroups/shop`, principal_id: PERSON, role_definition_id: READER_ID },
    ...rest,
  });
const exemption = (rest: Record<string, unknown> = {}) =>
  planned('azurerm_resource_group_policy_exemption', {
    ...{ resource_group_id: `${S}/resourceGroups/shop`, policy_assignment_id: ASSIGNMENT },
    ...{ exemption_category: 'Waiver', expires_on: '2026-03-07T00:00:00Z', ...rest },
  });

type Spec = Register['grants'][number]['spec'];
const ROLE: Spec = {
  kind: 'role-assignment',
  target: `${S}/resourceGroups/Shop/`,
  subject: PERSON.toUpperCase(),
  permission: READER,
};
const EXEMPTION: Spec = {
  kind: 'policy-exemption',
  target: `${S}/resourceGroups/shop`,
  permission: ASSIGNMENT,
};

function register(spec: Spec, record: Partial<KnownRecord> = {}): Register {
  const known = { status: 'Active', inForce: true, expiresAt: END, ...record };
  return { grants: [{ exceptionId: 'EXC_1', spec }], records: new Map([['EXC_1', known]]) };
}

function verdict(change: PlannedChange, known: Register) {
  const access = accessOf(change);
  if (!access) throw new Error('it gives nothing');
  return judge(access, known);
}

describe('a role assignment', () => {
  it.each([
    ['as it is', ROLE, role()],
    ['by the name of its role', { ...ROLE, permission: 'reader' }, role()],
    [
      'whose plan names the role',
      ROLE,
      role({ role_definition_id: null, role_definition_name: 'Reader' }),
    ],
    ['that becomes eligible', ROLE, { ...role(), type: 'azurerm_pim_eligible_role_assignment' }],
    ['that becomes active', ROLE, { ...role(), type: 'azurerm_pim_active_role_assignment' }],
  ])('is covered %s', (_, spec, change) => {
    const { rule, message } = verdict(change, register(spec));
    expect([rule, message]).toEqual([
      'access-covered',
      expect.stringContaining('EXC_1 covers it until 2026-03-07 00:00 UTC'),
    ]);
  });

  it.each([
    ['of somebody else', role({ principal_id: READER })],
    ['of another role', role({ role_definition_id: READER_ID.replace('acdd', 'b249') })],
    ['at a wider scope', role({ scope: S })],
    ['at a narrower one', role({ scope: `${S}/resourceGroups/shop/providers/x/y/z` })],
  ])('is not, %s; the nearest and how to ask are told', (_, change) => {
    const { rule, message } = verdict(change, register(ROLE));
    expect(rule).toBe('access-uncovered');
    expect(message).toMatch(/the nearest is EXC_1, .*to ask for it: lapse new --set 'grants=\[/);
  });

  it.each([
    [{ status: 'Under-Review', inForce: false }, /EXC_1 asks for exactly this and is Under-Review/],
    [{ status: 'Approved', inForce: false }, /passes once that is in force/],
    [{ status: 'Expired', inForce: false }, /EXC_1 did, and is Expired/],
  ])('is not by a record that is not in force: %j', (record, words) => {
    const { rule, message } = verdict(role(), register(ROLE, record));
    expect(rule).toBe('access-uncovered');
    expect(message).toMatch(words);
  });

  it('an empty register covers nothing', () =>
    expect(verdict(role(), { grants: [], records: new Map() }).rule).toBe('access-uncovered'));

  it('what is copied to ask for it stays one argument of a shell', () => {
    const scope = "/x'; rm -rf ~ #";
    const { message } = verdict(role({ scope }), { grants: [], records: new Map() });
    const command = message.slice(message.indexOf('lapse new'));
    expect(command.match(/'/g)).toHaveLength(2);
    expect(JSON.parse(command.slice(command.indexOf('['), -1))[0].target).toBe(scope);
  });
});

describe('a policy exemption', () => {
  it('is covered', () =>
    expect(verdict(exemption(), register(EXEMPTION)).rule).toBe('access-covered'));

  it('is, by one that is meant for Defender for Cloud', () => {
    const spec = { ...EXEMPTION, kind: 'defender-exemption' };
    expect(verdict(exemption(), register(spec)).rule).toBe('access-covered');
  });

  it('from all of an initiative is not covered by one from some of it, nor the other way', () => {
    const ids = 'policy_definition_reference_ids';
    const some = { ...EXEMPTION, parameters: { [ids]: 'b & a' } };
    expect(verdict(exemption(), register(some)).rule).toBe('access-uncovered');
    expect(verdict(exemption({ [ids]: ['A', 'b'] }), register(some)).rule).toBe('access-covered');
    expect(verdict(exemption({ [ids]: ['a'] }), register(some)).rule).toBe('access-uncovered');
    expect(verdict(exemption({ [ids]: ['a'] }), register(EXEMPTION)).rule).toBe('access-uncovered');
  });

  it('that outlives its exception is refused, and without an end warned of', () => {
    const later = verdict(exemption({ expires_on: '2026-03-08T00:00:00Z' }), register(EXEMPTION));
    expect(later).toMatchObject({
      rule: 'access-outlives',
      message: expect.stringContaining('expires_on'),
    });
    const none = verdict(exemption({ expires_on: null }), register(EXEMPTION));
    expect(none.rule).toBe('access-endless');
  });
});

it('a group member is covered, as either provider writes the group', () => {
  const spec = { kind: 'group-member', target: READER, subject: PERSON };
  for (const group_object_id of [READER, `/groups/${READER}`]) {
    const change = planned('azuread_group_member', { group_object_id, member_object_id: PERSON });
    expect(verdict(change, register(spec)).rule).toBe('access-covered');
  }
});

describe('what cannot be told', () => {
  it.each([
    ['principal_id', { ...role({ principal_id: null }), unknown: { principal_id: true } }],
    ['scope', { ...role(), unknown: { scope: true } }],
    [
      'role_definition_id',
      { ...role({ role_definition_id: null }), unknown: { role_definition_id: true } },
    ],
    ['role_definition_id', role({ role_definition_id: null })],
    ['policy_assignment_id', { ...exemption(), unknown: { policy_assignment_id: true } }],
    [
      'policy_definition_reference_ids',
      { ...exemption(), unknown: { policy_definition_reference_ids: [false, true] } },
    ],
    ['expires_on', { ...exemption({ expires_on: null }), unknown: { expires_on: true } }],
    ['expires_on', exemption({ expires_on: 'soon' })],
    ['defers', { ...role(), isDeferred: true }],
    [
      'azapi',
      planned('azapi_resource', { type: 'Microsoft.Authorization/roleAssignments@2022-04-01' }),
    ],
    ['type', planned('azapi_resource', {}, { unknown: { type: true } })],
  ])('is said: %s', (word, change) => {
    expect(() => accessOf(change)).toThrow(UnknownAccess);
    expect(() => accessOf(change)).toThrow(word);
  });

  it('a name that follows from the id need not be known', () =>
    expect(
      verdict({ ...role(), unknown: { role_definition_name: true, id: true } }, register(ROLE))
        .rule,
    ).toBe('access-covered'));
});

it.each(['azurerm_storage_account', 'azuread_group', 'azurerm_role_definition'])(
  '%s gives none of it',
  (type) => expect(accessOf(planned(type, {}))).toBeUndefined(),
);
it('nor does another resource through azapi', () =>
  expect(accessOf(planned('azapi_resource', { type: 'Microsoft.Web/sites@1' }))).toBeUndefined());
