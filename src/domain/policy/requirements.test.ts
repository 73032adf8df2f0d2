import { describe, expect, it } from 'vitest';
import type { Actor } from '../access/actor.ts';
import type { ExceptionFields } from '../exception/fields.ts';
import { canFill, isComplete, openRequirements, requirementText } from './approval-progress.ts';
import { BUILT_IN_POLICY } from './built-in-policy.ts';
import { evaluatePolicy } from './evaluate.ts';
import type { ChainPlace, Requirement } from './policy.ts';

const RECORD: ExceptionFields = { title: 'x', likelihood: 'Low', impact: 'Low' };
const rolesFor = (fields: Partial<ExceptionFields>, place?: ChainPlace) =>
  evaluatePolicy(BUILT_IN_POLICY, { ...RECORD, ...fields }, place).requirements.map(
    ({ role, consumer }) => (consumer === undefined ? role : `${role} ${consumer}`),
  );
const BOTH = ['security', 'domain-owner'];

describe('the approval matrix', () => {
  it.each<[string, Partial<ExceptionFields>, readonly string[]]>([
    ['000 section 2, step 2: always', {}, []],
    ['000 section 1, minor', { change_class: 'minor' }, []],
    ['000 section 1, major', { change_class: 'major' }, ['platform-lead']],
    ['000 section 1, security to the CISO', { change_class: 'security' }, ['ciso']],
    ['High severity', { likelihood: 'High', impact: 'Medium' }, ['ciso']],
    ['Medium severity', { likelihood: 'Medium', impact: 'Medium' }, []],
    [
      '000 section 1, breaking: each consumer',
      { change_class: 'breaking', consumers: ['billing', 'portal'] },
      ['consumer billing', 'consumer portal'],
    ],
    ['an API', { apis: ['orders'] }, ['api-owner']],
    [
      '000 section 6.2, restricted data across regions',
      { data_classification: 'restricted', scope: { regions: ['us', 'eu'] } },
      ['dpo'],
    ],
    ['one region', { data_classification: 'restricted', scope: { regions: ['eu'] } }, []],
    ['public data', { data_classification: 'public', scope: { regions: ['us', 'eu'] } }, []],
    ['000 section 4, a wide scope', { scope: { tenants: ['*'] } }, ['ciso']],
  ])('%s', (_, fields, others) => {
    expect(rolesFor(fields)).toEqual([...BOTH, ...others]);
  });

  it('asks the CISO for an extension besides (000 section 4, Duration)', () => {
    const { extension_requirements } = evaluatePolicy(BUILT_IN_POLICY, RECORD);
    expect(extension_requirements.map(({ role }) => role)).toEqual([...BOTH, 'ciso']);
  });
});

describe('the renewal ladder (002, Renewal Limits)', () => {
  const first = [
    { role: 'security', id: 's', name: 'S' },
    { role: 'domain-owner', id: 'd', name: 'D' },
  ];
  const at = (renewal_number: number) => ({
    renewal_number,
    kind: 'time-boxed' as const,
    first_approvers: first,
  });
  const asked = (number: number) =>
    evaluatePolicy(BUILT_IN_POLICY, { ...RECORD, justification: 'x' }, at(number));

  it('asks the same approvers at the first and second, each in the role of then', () => {
    for (const number of [1, 2])
      expect(asked(number).requirements.filter(({ person }) => person)).toMatchObject([
        { role: 'security', person: { id: 's' } },
        { role: 'domain-owner', person: { id: 'd' } },
      ]);
    expect(asked(3).requirements.some(({ person }) => person)).toBe(false);
  });

  it('asks the fallback role for each of them who has left, and once more the role of then', () => {
    const left = first.map((one) => (one.id === 's' ? { ...one, left: true } : one));
    const place = { ...at(1), first_approvers: left };
    const fields = { ...RECORD, justification: 'x' };
    expect(evaluatePolicy(BUILT_IN_POLICY, fields, place).requirements).toEqual([
      { role: 'security', count: 1, rule: 'review' },
      {
        ...{ role: 'ciso', count: 1, rule: 'renewal-1' },
        in_place_of: { role: 'security', id: 's', name: 'S' },
      },
      { ...{ role: 'domain-owner', count: 1, rule: 'renewal-1' }, person: { id: 'd', name: 'D' } },
    ]);
    // The CISO is asked once, and for both reasons.
    const high = { ...fields, likelihood: 'High', impact: 'High' } as const;
    const asked = evaluatePolicy(BUILT_IN_POLICY, high, place).requirements;
    expect(asked.filter(({ role }) => role === 'ciso')).toMatchObject([
      { count: 1, in_place_of: { id: 's' } },
    ]);
  });

  it('asks for the role of then where the pack names no fallback', () => {
    const rules = BUILT_IN_POLICY.rules.map((rule) =>
      rule.id === 'renewal-1'
        ? { ...rule, effects: { approvals: [{ role: 'first-approver' as const }] } }
        : rule,
    );
    const place = { ...at(1), first_approvers: first.map((one) => ({ ...one, left: true })) };
    const { requirements } = evaluatePolicy({ ...BUILT_IN_POLICY, rules }, RECORD, place);
    expect(requirements.map(({ role }) => role)).toEqual(BOTH);
    expect(requirements.some(({ person }) => person)).toBe(false);
  });

  it.each([
    [1, [], []],
    [2, ['platform-lead'], ['migration-plan']],
    [3, ['platform-lead', 'executive-sponsor', 'executive-leadership'], ['business-case']],
    [4, ['executive-leadership', 'risk-committee'], ['memo']],
    [11, ['executive-leadership', 'risk-committee'], ['memo']],
  ])('number %d', (number, roles, kinds) => {
    const { requirements, artifacts } = asked(number);
    expect(requirements.map(({ role }) => role)).toEqual(
      expect.arrayContaining([...BOTH, ...roles]),
    );
    expect(artifacts.map(({ name }) => name)).toEqual(expect.arrayContaining(kinds));
  });
});

describe('requirements', () => {
  const actor = (id: string, role: Actor['role']): Actor => ({ id, name: id, role });
  const given = (id: string, role: string) => ({ role, by: { id } });
  const need = (role: string, more: Partial<Requirement> = {}): Requirement => ({
    role,
    count: 1,
    rule: 'r',
    ...more,
  });

  it('of one step are open together, those of the next once it is complete', () => {
    const all = [need('security'), need('domain-owner'), need('ciso', { step: 2 })];
    const roles = (approvals: ReturnType<typeof given>[]) =>
      openRequirements(all, approvals).map(({ role }) => role);
    expect(roles([])).toEqual(BOTH);
    expect(roles([given('a', 'security')])).toEqual(['domain-owner']);
    const both = [given('a', 'security'), given('b', 'domain-owner')];
    expect(roles(both)).toEqual(['ciso']);
    expect(isComplete(all, both)).toBe(false);
    expect(isComplete(all, [...both, given('c', 'ciso')])).toBe(true);
  });

  it('of several people are met by as many', () => {
    const two = [need('ciso', { count: 2 })];
    expect(isComplete(two, [given('a', 'ciso')])).toBe(false);
    expect(isComplete(two, [given('a', 'ciso'), given('b', 'ciso')])).toBe(true);
  });

  it('of a person are met by nobody else, of a consumer for that one alone', () => {
    const bound = [need('ciso', { person: { id: 'a', name: 'A' } })];
    expect(isComplete(bound, [given('b', 'ciso')])).toBe(false);
    expect(isComplete(bound, [given('a', 'ciso')])).toBe(true);
    const consumers = [need('consumer', { consumer: 'billing' })];
    expect(isComplete(consumers, [{ ...given('a', 'consumer'), consumer: 'portal' }])).toBe(false);
    expect(isComplete(consumers, [{ ...given('a', 'consumer'), consumer: 'billing' }])).toBe(true);
  });

  it('are filled in the own role, or in one that the policy lets it stand in for', () => {
    const may = (role: Actor['role'], requirement: Requirement) =>
      canFill(requirement, actor('a', role), BUILT_IN_POLICY);
    expect(may('security', need('security'))).toBe(true);
    expect(may('approver', need('security'))).toBe(true);
    expect(may('approver', need('domain-owner'))).toBe(true);
    expect(may('approver', need('ciso'))).toBe(false);
    expect(may('security', need('ciso'))).toBe(false);
    expect(may('security', need('security', { person: { id: 'b', name: 'B' } }))).toBe(false);
    expect(may('administrator', need('constructor'))).toBe(false);
  });

  it('say in words whom they mean', () => {
    expect(requirementText(need('ciso', { count: 2 }))).toBe('2 x ciso');
    expect(requirementText(need('consumer', { consumer: 'billing' }))).toBe('consumer of billing');
    expect(requirementText(need('security', { person: { id: 'a', name: 'L. Okoye' } }))).toContain(
      'L. Okoye',
    );
    const left = { id: 'a', name: 'L. Okoye', role: 'security' };
    expect(requirementText(need('ciso', { in_place_of: left }))).toBe(
      'ciso (in place of L. Okoye, who approved the first of the chain as security and has left)',
    );
  });
});
