import { describe, expect, it } from 'vitest';
import { assigning, read } from './import.fixture.ts';

const MAXIMUM = 'at most P90D from approval (rule default-maximum; 000 section 4, Duration)';

describe('dates', () => {
  it('are read as 00:00 UTC with a warning', () => {
    const plan = { steps: [{ text: 'x', due: '2026-05-01' }] };
    const { draft, warnings } = read({
      effective_from: '2026-03-02',
      expires_at: '2026-04-01',
      remediation_plan: plan,
    });
    expect(draft?.fields).toMatchObject({
      effective_from: '2026-03-02T00:00:00.000Z',
      expires_at: '2026-04-01T00:00:00.000Z',
      remediation_plan: { steps: [{ due: '2026-05-01T00:00:00.000Z' }] },
    });
    expect(warnings).toEqual([
      'effective_from: the date 2026-03-02 is read as 2026-03-02T00:00:00.000Z (00:00 UTC)',
      'expires_at: the date 2026-04-01 is read as 2026-04-01T00:00:00.000Z (00:00 UTC)',
      'remediation_plan.steps.0.due: the date 2026-05-01 is read as 2026-05-01T00:00:00.000Z (00:00 UTC)',
    ]);
  });

  it.each([
    '9999-12',
    '2025-02-30',
    '31/12/2025',
    '2026-3-7',
    '2026-03-07T00:00:00',
    'tomorrow',
    '',
    20260307,
    true,
    ['2026-03-07'],
  ])('such as %j are refused with what would pass, assign or not', (value) => {
    for (const key of ['effective_from', 'expires_at']) {
      for (const { draft, problems } of [
        read({ [key]: value }),
        read({ [key]: value }, assigning),
      ]) {
        expect(draft).toBeUndefined();
        expect(problems).toHaveLength(1);
        expect(problems[0]).toContain(`${key}: `);
        expect(problems[0]).toContain(
          'an RFC 3339 instant such as 2026-03-07T00:00:00Z would pass, or a date such as 2026-03-07',
        );
      }
    }
    const { problems } = read({ remediation_plan: { steps: [{ text: 'x', due: value }] } });
    expect(problems).toEqual([expect.stringMatching(/^remediation_plan\.steps\.0\.due: /)]);
  });
});

describe('an end', () => {
  it.each([
    ['on the start', '2026-03-02T00:00:00Z', '2026-03-02T00:00:00Z', 'does not lie after'],
    ['before the start', '2026-03-03T00:00:00Z', '2026-03-02T00:00:00Z', 'does not lie after'],
    ['in the past', '2025-01-01T00:00:00Z', '2025-02-01T00:00:00Z', 'lies in the past'],
    ['too late', '2026-03-02T00:00:00Z', '9999-12-31', 'is later than the policy allows'],
  ])('%s is refused, and left out with assign', (_, effective_from, expires_at, words) => {
    const { problems } = read({ effective_from, expires_at });
    expect(problems).toEqual([expect.stringMatching(/^expires_at: /)]);
    expect(problems[0]).toContain(words);
    expect(problems[0]).toContain('2026-03-01T00:00:00.000Z and up to 2026-05-30T00:00:00.000Z');
    expect(problems[0]).toContain(MAXIMUM);
    const { draft, notes } = read({ effective_from, expires_at }, assigning);
    expect(draft?.fields.expires_at).toBeUndefined();
    expect(notes[0]).toContain('the policy sets the end at approval (at most P90D from then');
  });

  it('is measured by the control', () => {
    const end = { expires_at: '2026-04-01T00:00:00Z' };
    expect(read(end).problems).toEqual([]);
    expect(read({ ...end, control: 'firewall' }).problems[0]).toContain('at most P14D');
  });

  it('is found wrong beside other problems', () => {
    const { problems } = read({ title: 5, stride: 'X', expires_at: '2020-01-01T00:00:00Z' });
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual([
      'title',
      'stride',
      'expires_at',
    ]);
  });

  it('gives way to a duration with assign', () => {
    const keys = { expires_at: '2020-01-01T00:00:00Z', requested_duration: 'P30D' };
    const { draft, notes } = read(keys, assigning);
    expect(draft?.fields.requested_duration).toBe('P30D');
    expect(notes).toEqual([expect.stringContaining('requested_duration (P30D) sets the end')]);
  });

  it('and a duration are one too many', () => {
    const keys = { expires_at: '2026-04-01T00:00:00Z', requested_duration: 'P30D' };
    expect(read(keys, assigning).problems).toEqual([
      expect.stringContaining('requested_duration: give either expires_at or requested_duration'),
    ]);
  });

  it('that a duration or a late start asks for is refused with assign too', () => {
    expect(read({ requested_duration: 'P91D' }, assigning).problems).toEqual([
      expect.stringContaining('requested_duration: is later than the policy allows'),
    ]);
    expect(read({ effective_from: '2027-01-01' }, assigning).problems).toEqual([
      expect.stringContaining('effective_from: must lie before the end'),
    ]);
  });
});
