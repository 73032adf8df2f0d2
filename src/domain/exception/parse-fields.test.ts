import { describe, expect, it } from 'vitest';
import { COMPLETE } from '../../../test/support/given.ts';
import { DomainError } from '../errors.ts';
import {
  CATEGORIES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
  exceptionFields,
  IMPACTS,
  LIKELIHOODS,
  SYSTEM_FIELDS,
} from './fields.ts';
import { fieldsOrRefuse, parseEdit, parseFields } from './parse-fields.ts';

const value = (input: object) => fieldsOrRefuse(parseFields({ title: 'x', ...input }));
const errors = (input: unknown) => {
  const parsed = parseFields(input);
  return 'errors' in parsed ? parsed.errors : [];
};
const error = (input: object) => {
  const all = errors({ title: 'x', ...input });
  expect(all).toHaveLength(1);
  return all[0];
};

describe('the shapes that a record may have', () => {
  it.each([
    ['policy_ref', 'guide#part', ['guide#part']],
    [
      'policy_ref',
      ['a', 'https://example.com/b?c=%20#d', 'a'],
      ['a', 'https://example.com/b?c=%20#d'],
    ],
    ['threat_model_link', 'threat-model#spoofing', 'threat-model#spoofing'],
    ['compensating_controls', 'one', ['one']],
    ['compensating_controls', ['one', 'two'], ['one', 'two']],
    ['dependencies', 'gateway', ['gateway']],
    ['evidence', 'SEC-1', ['SEC-1']],
    ['services', 'webhook', ['webhook']],
    ['services', ['b', 'a', 'b'], ['b', 'a']],
    ['telemetry', { dashboards: 'API', alerts: ['a'] }, { dashboards: ['API'], alerts: ['a'] }],
    ['requestor', 'a@example.com', { name: 'a@example.com', email: 'a@example.com' }],
    ['requestor', 'A. Rivera', { name: 'A. Rivera' }],
    ['owners', ['A', { name: 'B', team: 'T' }], [{ name: 'A' }, { name: 'B', team: 'T' }]],
    ['remediation_plan', 'migrate', { summary: 'migrate' }],
    [
      'remediation_plan',
      {
        steps: [{ text: 'a', due: '2026-01-01T01:00:00+01:00' }],
        closure_criteria: ['b', { id: 'z', text: 'c' }],
      },
      {
        steps: [{ text: 'a', due: '2026-01-01T00:00:00.000Z' }],
        closure_criteria: [
          { id: 'c1', text: 'b' },
          { id: 'z', text: 'c' },
        ],
      },
    ],
    ['expires_at', ' 2026-01-01t00:00:00z ', '2026-01-01T00:00:00.000Z'],
    ['requested_duration', ' P2W ', 'P2W'],
    ['adr_id', '  ADR-1  ', 'ADR-1'],
    ['artifacts', [{ kind: 'memo', link: 'ev_1' }], [{ kind: 'memo', link: 'ev_1' }]],
    [
      'grants',
      [{ kind: 'k', target: 't', parameters: { a: 'b' } }],
      [{ kind: 'k', target: 't', parameters: { a: 'b' } }],
    ],
    ['scope', { tenants: 'one', models: ['m'] }, { tenants: ['one'], models: ['m'] }],
  ])('%s: %j', (name, input, expected) => {
    expect(value({ [name]: input })).toStrictEqual({ title: 'x', [name]: expected });
  });

  it('are kept as they are once they are in their normal form', () => {
    expect(value(COMPLETE)).toStrictEqual(COMPLETE);
    expect(value(value(COMPLETE))).toStrictEqual(COMPLETE);
  });

  it('leave no keys without a value behind', () => {
    const requestor = { name: 'A', email: undefined };
    expect(value({ adr_id: undefined, requestor })).toStrictEqual({
      title: 'x',
      requestor: { name: 'A' },
    });
  });
});

describe('an unknown key', () => {
  it.each([
    [{ titel: 'y' }, 'titel', 'unknown key; did you mean title?'],
    [{ expire_at: 'y' }, 'expire_at', 'unknown key; did you mean expires_at?'],
    [{ Category: 'y' }, 'Category', 'unknown key; did you mean category?'],
    [{ zzzzzz: 'y' }, 'zzzzzz', 'unknown key'],
    [{ requestor: { name: 'A', mail: 'b' } }, 'requestor.mail', 'unknown key; did you mean email?'],
    [
      { owners: [{ name: 'A', xxxxxx: 'b' }] },
      'owners.0.xxxxxx',
      'unknown key; known are name, email, team',
    ],
    [
      { telemetry: { dashboard: 'a' } },
      'telemetry.dashboard',
      'unknown key; did you mean dashboards?',
    ],
    [{ scope: { tenant: 'a' } }, 'scope.tenant', 'unknown key; did you mean tenants?'],
    [
      { remediation_plan: { sumary: 'a' } },
      'remediation_plan.sumary',
      'unknown key; did you mean summary?',
    ],
    [
      { grants: [{ kind: 'k', target: 't', subjekt: 'a' }] },
      'grants.0.subjekt',
      'unknown key; did you mean subject?',
    ],
    [
      { artifacts: [{ kind: 'memo', link: 'l', lnik: 'a' }] },
      'artifacts.0.lnik',
      'unknown key; did you mean link?',
    ],
  ])('%j', (input, path, message) => {
    expect(error(input)).toEqual({ path, message });
  });

  it.each(SYSTEM_FIELDS)('%s is known, but not to be given', (name) => {
    expect(error({ [name]: 'x' })).toEqual({
      path: name,
      message: 'is set by Lapse and cannot be given here',
    });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    '%s is just another',
    (name) => {
      const hostile = JSON.parse(`{"title": "x", "${name}": {"polluted": true}}`);
      expect(errors(hostile)).toMatchObject([{ path: name }]);
      expect({}).not.toHaveProperty('polluted');
    },
  );

  it('among 100,000 does not keep the process busy: a hundred are named', () => {
    const many = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]),
    );
    expect(errors({ title: 'x', ...many })).toHaveLength(100);
  });

  it('in the parameters of a grant cannot change what objects are', () => {
    const parameters = JSON.parse('{"__proto__": "x", "constructor": "y"}');
    const [grant] = value({ grants: [{ kind: 'k', target: 't', parameters }] }).grants ?? [];
    expect(Object.getPrototypeOf(grant?.parameters)).toBe(Object.prototype);
    expect(grant?.parameters).toEqual({ constructor: 'y' });
  });
});

describe('a value that is not understood', () => {
  it.each([
    ['category', CATEGORIES],
    ['environment', ENVIRONMENTS],
    ['data_classification', CLASSIFICATIONS],
    ['stride', ['S', 'T', 'R', 'I', 'D', 'E']],
    ['likelihood', LIKELIHOODS],
    ['impact', IMPACTS],
    ['control', CONTROLS],
    ['change_class', ['minor', 'major', 'security', 'breaking']],
  ])('lists what would pass for %s', (name, values) => {
    for (const wrong of ['none of these', '', null, 3, ['x']]) {
      expect(error({ [name]: wrong })).toEqual({
        path: name,
        message: `must be one of ${values.join(', ')}`,
      });
    }
  });

  it.each([
    [
      { artifacts: [{ kind: 'x', link: 'a' }] },
      'artifacts.0.kind',
      'must be one of memo, business-case, migration-plan, other',
    ],
    [{ requestor: 3 }, 'requestor', 'must be of type object or string'],
    [{ evidence: 3 }, 'evidence', 'must be of type string or array'],
    [{ owners: [{}] }, 'owners.0.name', 'is required'],
    [{ owners: 'A' }, 'owners', 'must be of type array, but is string'],
    [
      { compensating_controls: ['a', 3] },
      'compensating_controls.1',
      'must be of type string, but is number',
    ],
    [
      { policy_ref: ['ok', 'not ok'] },
      'policy_ref.1',
      'must be a URI reference, for example https://example.com/page#part or guide#part',
    ],
    [{ requestor: { name: 'A', email: 'nobody' } }, 'requestor.email', 'must be an e-mail address'],
    [
      { expires_at: '2026-01-01' },
      'expires_at',
      'must be an RFC 3339 instant such as 2026-03-07T00:00:00Z',
    ],
    [
      { requested_duration: '30 days' },
      'requested_duration',
      'must be an ISO 8601 duration such as P30D, P2W or PT12H',
    ],
    [
      { requested_duration: 'P0D' },
      'requested_duration',
      'must be an ISO 8601 duration such as P30D, P2W or PT12H',
    ],
    [
      {
        remediation_plan: {
          closure_criteria: [
            { id: 'a', text: 'x' },
            { id: 'a', text: 'y' },
          ],
        },
      },
      'remediation_plan.closure_criteria',
      'must have different ids',
    ],
    [{ adr_id: ' ' }, 'adr_id', 'must not be empty; leave the field out instead'],
    [{ title: '' }, 'title', 'must not be empty'],
    [{ risk_score: 7.5 }, 'risk_score', 'must be of type integer, but is number'],
    [
      { likelihood: 'High', impact: 'Critical', risk_score: 8 },
      'risk_score',
      'is 8, but likelihood High and impact Critical give 9; leave it out (in an edit: null) or write 9',
    ],
  ])('says what would pass: %j', (input, path, message) => {
    expect(error(input)).toEqual({ path, message });
  });

  it.each([null, undefined, 'text', 3, [], true])('is no record: %j', (input) => {
    expect(errors(input)).toEqual([
      { path: '', message: expect.stringMatching(/type object|is required/) },
    ]);
  });

  it('names every problem, and the first of them in one line', () => {
    const input = { category: 'x', stride: 'x', nonsense: 1 };
    expect(errors(input).map(({ path }) => path)).toEqual([
      'title',
      'category',
      'stride',
      'nonsense',
    ]);
    expect(() => fieldsOrRefuse(parseFields(input))).toThrow('title: is required (and 3 more)');
    expect(() => fieldsOrRefuse(parseFields(input))).toThrow(DomainError);
  });
});

describe('an edit', () => {
  it('takes a field away with null, except the title', () => {
    const changes = Object.fromEntries(
      Object.keys(exceptionFields.shape)
        .filter((name) => name !== 'title')
        .map((name) => [name, null]),
    );
    expect(parseEdit(changes)).toEqual({ value: changes });
    expect(parseEdit({ title: null })).toEqual({
      errors: [{ path: 'title', message: 'must be of type string, but is null' }],
    });
  });

  it('is read like a record otherwise', () => {
    expect(parseEdit({ compensating_controls: 'one' })).toEqual({
      value: { compensating_controls: ['one'] },
    });
    expect(parseEdit({ titel: 'y' })).toMatchObject({ errors: [{ path: 'titel' }] });
    expect(parseEdit({ status: 'Closed' })).toMatchObject({ errors: [{ path: 'status' }] });
    expect(parseEdit({})).toEqual({ value: {} });
  });
});
