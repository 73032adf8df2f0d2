import { describe, expect, it } from 'vitest';
import { assigning, read } from './import.fixture.ts';
import { importRecord } from './import-record.ts';

describe('fields', () => {
  it('are told all at once, contradictions too', () => {
    const { problems } = read({
      title: 'x'.repeat(301),
      aprovals: [],
      adr_id: 217,
      likelihood: 'High',
      impact: 'High',
      risk_score: 3,
      'a.b': 1,
      remediation_plan: { steps: [{ txt: 'x', text: 'y' }] },
      telemetry: { dashboards: ['x', ''] },
    });
    expect(problems.map((problem) => problem.split(':', 1)[0]).toSorted()).toEqual([
      'a.b',
      'adr_id',
      'aprovals',
      'remediation_plan.steps.0.txt',
      'risk_score',
      'telemetry.dashboards.1',
      'title',
    ]);
    expect(problems).toContain('aprovals: unknown key; did you mean approvals?');
    expect(problems).toContain('remediation_plan.steps.0.txt: unknown key; did you mean text?');
    expect(problems.join()).toContain('put it into quotes: "217"');
  });

  it('that are empty are left out with a warning', () => {
    const { draft, warnings } = read({ expires_at: null, approvals: null });
    expect(draft?.fields).toEqual({ title: 'A' });
    expect(warnings).toHaveLength(2);
    expect(read({ title: null }).problems).toEqual([expect.stringContaining('title')]);
  });

  it.each([undefined, 'text', 3, [{}]])('need a mapping: %j', (value) => {
    expect(importRecord(value, assigning).problems).toEqual([
      { path: [], message: expect.stringContaining('must be a mapping'), rule: 'field' },
    ]);
  });

  it('are known again by what they hold, in any order of keys', () => {
    const keys = (record: object) => importRecord(record, assigning).draft?.keys;
    expect(keys({ title: 'A', stride: 'S' })).toEqual(keys({ stride: 'S', title: 'A' }));
    expect(keys({ title: 'A' })).not.toEqual(keys({ title: 'B' }));
    expect(keys({ title: 'A', external_ids: ['x', 'y', 'x'] })?.map(({ key }) => key)).toEqual([
      'id:x',
      'id:y',
    ]);
  });
});
