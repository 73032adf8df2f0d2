import { expect, test } from 'vitest';
import { withoutPart, withPart } from './dotted-path.ts';
import { changedFields } from './field-input.ts';

const PLAN = { summary: 's', closure_criteria: [{ id: 'c1', text: 'one' }] };

test('a part is merged into the current value, which stays as it was', () => {
  const path = ['closure_criteria', '0', 'text'];
  expect(withPart(PLAN, path, 'two')).toEqual({
    summary: 's',
    closure_criteria: [{ id: 'c1', text: 'two' }],
  });
  expect(PLAN.closure_criteria[0]?.text).toBe('one');
  expect(withPart(undefined, ['closure_criteria', '0'], 'x')).toEqual({ closure_criteria: ['x'] });
  expect(withPart(['a'], ['1'], 'b')).toEqual(['a', 'b']);
});

test('a place that a list does not have is wrong usage', () => {
  expect(() => withPart(['a'], ['3'], 'b')).toThrow(/has 1 entries/);
  expect(() => withPart(['a'], ['name'], 'b')).toThrow(/where a list has a number/);
  expect(() => withPart('text', ['name'], 'b')).toThrow(/plain value/);
});

test('parts go, and a part that is not there is wrong usage', () => {
  expect(withoutPart(['a', 'b', 'c'], ['1'])).toEqual(['a', 'c']);
  expect(withoutPart(PLAN, ['closure_criteria', '0', 'id'])).toEqual({
    summary: 's',
    closure_criteria: [{ text: 'one' }],
  });
  expect(() => withoutPart(PLAN, ['steps'])).toThrow(/nothing at steps/);
});

test('keys that could reach a prototype stay plain keys', () => {
  withPart({}, ['__proto__', 'polluted'], true);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('flags, then --set, then --unset, over what is there', async () => {
  const current = { title: 'T', remediation_plan: PLAN, services: ['a'] };
  const changes = await changedFields(current, {
    adrId: '0217',
    owner: ['A. Rivera <arivera@example.com>, Integrations', 'jchen@example.com'],
    riskScore: '6',
    plan: 'new summary',
    set: ['remediation_plan.closure_criteria.1=two', 'ticket_id=0815', 'telemetry={alerts: [x]}'],
    unset: ['services'],
  });
  expect(changes).toEqual({
    adr_id: '0217',
    owners: [
      { name: 'A. Rivera', email: 'arivera@example.com', team: 'Integrations' },
      'jchen@example.com',
    ],
    risk_score: 6,
    remediation_plan: {
      summary: 'new summary',
      closure_criteria: [{ id: 'c1', text: 'one' }, 'two'],
    },
    ticket_id: '0815',
    telemetry: { alerts: ['x'] },
    services: null,
  });
});

test('dates become instants wherever the API takes instants alone', async () => {
  const changes = await changedFields(
    {},
    {
      expiresAt: '2026-03-07',
      set: ['effective_from=2026-01-05', 'remediation_plan.steps=[{text: s, due: 2026-02-01}]'],
    },
  );
  expect(changes).toEqual({
    expires_at: '2026-03-07T00:00:00.000Z',
    effective_from: '2026-01-05T00:00:00.000Z',
    remediation_plan: { steps: [{ text: 's', due: '2026-02-01T00:00:00.000Z' }] },
  });
});

test('a setting without a path, or with a value that is no YAML, is wrong usage', async () => {
  await expect(changedFields({}, { set: ['title'] })).rejects.toThrow(/path=value/);
  await expect(changedFields({}, { set: ['scope={a: ['] })).rejects.toThrow(/not YAML/);
});
