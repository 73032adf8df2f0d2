import { describe, expect, it } from 'vitest';
import { COMPLETE } from '../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { checkRecord } from './check-record.ts';

const NOW = Date.UTC(2026, 2, 1);
const OWN_ID = 'EXC_01ARZ3NDEKTSV4RRFFQ69G5FAV';
const UUID = '0b5a5a0e-6b0a-4c8e-9d5e-0a4b5c6d7e8f';

const check = (value: unknown, now = NOW) => checkRecord(value, { now, policy: BUILT_IN_POLICY });
/** Findings of a record that is complete but for these keys, as `level rule path`. */
const found = (keys: object, now = NOW) =>
  check({ ...COMPLETE, ...keys }, now).findings.map(
    ({ level, rule, path }) => `${level} ${rule} ${path.join('.')}`,
  );

describe('a record that an import and a submit would take', () => {
  it('has nothing to be said of it', () => {
    expect(found({ expires_at: '2026-04-01T00:00:00Z' })).toEqual([]);
    expect(found({ exception_id: OWN_ID, status: 'Draft', approvals: [] })).toEqual([]);
  });

  it.each([
    ['a day', { expires_at: '2026-04-01' }, ['warning plain-date expires_at']],
    ['an empty key', { evidence: null }, ['warning empty evidence']],
    ['a UUID', { exception_id: UUID }, ['note id exception_id']],
    ['an id of another system', { exception_id: 'T-1' }, ['warning id exception_id']],
    ['a tenant that is none', { tenant_org: 'acme' }, ['warning tenant tenant_org']],
    ['a tenant that may be theirs', { tenant_org: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }, []],
    ['a claimed status', { status: 'Active' }, ['warning claim status']],
    ['claimed approvals', { approvals: [{ name: 'J. Chen' }] }, ['warning claim approvals']],
  ])('is told of %s', (_, keys, expected) => {
    expect(found(keys)).toEqual(expected);
  });

  it('is warned within a week of its end', () => {
    const end = { expires_at: '2026-03-08T00:00:00Z' };
    expect(found(end)).toEqual(['warning ends-soon expires_at']);
    expect(found(end, NOW - 1)).toEqual([]);
    const [finding] = check({ ...COMPLETE, expires_at: '2026-03-01T00:00:01Z' }).findings;
    expect(finding?.message).toBe('ends within a day');
  });
});

describe('a record that either would refuse', () => {
  it.each([
    ['a wrong value', { environment: 'production' }, ['error field environment']],
    ['a mistyped key', { titel: 'A' }, ['error unknown-key titel']],
    ['a day that does not exist', { expires_at: '2026-02-30' }, ['error date expires_at']],
    ['an end that has passed', { expires_at: '2026-02-28T00:00:00Z' }, ['error ended expires_at']],
    [
      'an end at this very instant',
      { expires_at: '2026-03-01T00:00:00Z' },
      ['error ended expires_at'],
    ],
    ['an end that is too late', { expires_at: '2026-06-01T00:00:00Z' }, ['error end expires_at']],
    [
      'a duration that is too long',
      { control: 'firewall', requested_duration: 'P15D' },
      ['error end requested_duration'],
    ],
    [
      'a duration that is none',
      { requested_duration: '30 days' },
      ['error field requested_duration'],
    ],
    ['a kind that is decided', { kind: 'permanent' }, ['error decided kind']],
    ['a status that is none', { status: 7 }, ['error field status']],
    ['no owner', { owners: [] }, ['error incomplete owners']],
    [
      'no closure criteria',
      { remediation_plan: 'soon' },
      ['error incomplete remediation_plan.closure_criteria'],
    ],
  ])('has an error for %s', (_, keys, expected) => {
    expect(found(keys)).toEqual(expected);
  });

  it('is told the day before too: a past day has ended, with a warning for its time', () => {
    expect(found({ expires_at: '2026-03-01' })).toEqual([
      'error ended expires_at',
      'warning plain-date expires_at',
    ]);
  });

  it('is told what is missing and what is wrong at once, but no field twice', () => {
    const rules = check({ title: 'A', category: 'bogus', stride: null }).findings;
    const missing = rules.filter(({ rule }) => rule === 'incomplete').map(({ path }) => path[0]);
    expect(missing).toContain('stride');
    expect(missing).not.toContain('category');
    expect(rules.filter(({ path }) => path[0] === 'category')).toHaveLength(1);
  });

  it.each([null, 7, 'text', ['title']])('is no mapping: %j', (value) => {
    expect(check(value)).toEqual({
      findings: [expect.objectContaining({ rule: 'field', level: 'error', path: [] })],
      keys: [],
    });
  });
});

describe('what tells records apart', () => {
  it('is their id, or what they hold, claims and foreign ids notwithstanding', () => {
    const keys = (record: object) => check(record).keys.map(({ key }) => key);
    expect(keys({ ...COMPLETE, exception_id: 'T-1', status: 'Active' })).toEqual(['id:T-1']);
    expect(keys(COMPLETE)).toEqual([expect.stringMatching(/^digest:[0-9a-f]{64}$/)]);
    expect(keys({ ...COMPLETE, environment: 'production' })).toEqual([]);
  });
});

describe('what a pack asks for', () => {
  const asking = {
    ...BUILT_IN_POLICY,
    rules: [
      ...BUILT_IN_POLICY.rules,
      {
        id: 'prod',
        source: 'our handbook',
        match: { environment: ['prod' as const] },
        effects: {
          maximum: 'P7D',
          total: 'P7D',
          artifacts: ['memo' as const],
          fields: ['ticket_id' as const],
        },
      },
    ],
  };
  const asked = (keys: object, policy = asking) =>
    checkRecord({ ...COMPLETE, ...keys }, { now: NOW, policy }).findings.map(
      ({ level, path, message }) => [level, path.join('.'), message],
    );

  it('is an error where a record lacks it, with the rule', () => {
    expect(asked({})).toEqual([
      ['error', 'ticket_id', 'is required (rule prod; our handbook)'],
      ['error', 'artifacts', expect.stringContaining('rule prod; our handbook')],
    ]);
    const artifacts = [{ kind: 'memo', link: 'memos/1' }];
    expect(asked({ ticket_id: 'SEC-1', artifacts })).toEqual([]);
    expect(asked({ environment: 'dev' })).toEqual([]);
  });

  it('is an error where an end is later than it lets it be', () => {
    const keys = { ticket_id: 'SEC-1', artifacts: [{ kind: 'memo', link: 'memos/1' }] };
    expect(asked({ ...keys, expires_at: '2026-03-20T00:00:00Z' })).toEqual([
      ['error', 'expires_at', expect.stringContaining('at most P7D from approval (rule prod')],
    ]);
  });

  it('is not told of a record that cannot be read', () => {
    expect(asked({ consumers: 5, environment: 'prod' })).toEqual([
      ['error', 'consumers', expect.any(String)],
    ]);
  });

  it('is asked by the built-in pack as well', () => {
    expect(asked({ apis: ['orders'] }, BUILT_IN_POLICY)).toEqual([
      ['error', 'versioning_impact', expect.stringContaining('rule versioning')],
    ]);
  });
});
