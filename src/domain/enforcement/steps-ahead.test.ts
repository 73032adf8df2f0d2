import { describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../schedule/instant.ts';
import type { Mode } from './connector.ts';
import type { GrantState } from './grant.ts';
import { stepsAhead } from './steps-ahead.ts';
import type { Wanted } from './wanted.ts';

const NOW: Instant = 1_767_225_600_000;
const END = NOW + 5 * DAY;
const surroundings = { now: NOW, reads: 0, readAt: undefined };
const present: Wanted = { presence: 'present', until: END, nativeEnd: END };
const absent: Wanted = { presence: 'absent', since: NOW - MINUTE };

function grant(mode: Mode, rest: Partial<GrantState> = {}): GrantState {
  const spec = { kind: 'role-assignment', target: '/subscriptions/s' };
  return {
    ...{ grant_id: 'GRT_1-1', exception_id: 'EXC_1', spec, status: 'planned', said_by: 'record' },
    ...{ since: NOW - HOUR, mode, connection: 'azure', failures: [], failed_calls: 0, ...rest },
  };
}

const kinds = (state: GrantState, wanted: Wanted) =>
  stepsAhead(state, wanted, surroundings).map(({ at, does }) => [does, at]);

describe('while its record is in force', () => {
  it.each([
    ['manage', 'put-in-place', 'take-away'],
    ['remove', 'look', 'take-away'],
    ['observe', 'look', 'ask-a-person'],
  ] as const)('in the mode %s', (mode, first, last) =>
    expect(kinds(grant(mode), present)).toEqual([
      [first, NOW],
      [last, END],
    ]),
  );

  it('what stands there is taken away at its end, and nothing before it', () => {
    expect(stepsAhead(grant('manage', { status: 'in-place' }), present, surroundings)).toEqual([
      { at: END, does: 'take-away', why: 'its record ends then' },
    ]);
  });

  it('what no connection reaches is asked of a person at its end', () => {
    const { connection: _, ...unreached } = grant('manage');
    const [step, ...more] = stepsAhead(unreached, present, surroundings);
    expect(step).toMatchObject({ at: END, does: 'ask-a-person' });
    expect(step?.why).toMatch(/no connection/);
    expect(more).toEqual([]);
  });

  it('what a renewal goes on with is handed over', () => {
    const renewed: Wanted = { ...present, nativeEnd: END + 30 * DAY };
    expect(kinds(grant('manage', { status: 'in-place' }), renewed)).toEqual([['hand-over', END]]);
  });

  it('a call that failed is made again, with the reason; the end comes all the same', () => {
    const failures = [
      { at: NOW, operation: 'apply', kind: 'retry', message: 'the scope is locked' } as const,
    ];
    const retry = { operation: 'apply', at: NOW + MINUTE } as const;
    const failing = grant('manage', { status: 'applying', failures, failed_calls: 1, retry });
    expect(stepsAhead(failing, present, surroundings)).toEqual([
      {
        at: NOW + MINUTE,
        does: 'put-in-place',
        why: 'the call before it failed: the scope is locked',
      },
      { at: END, does: 'take-away', why: 'its record ends then' },
    ]);
  });
});

describe('once its record has ended', () => {
  it('it is taken away at once', () => {
    expect(kinds(grant('remove', { status: 'in-place' }), absent)).toEqual([['take-away', NOW]]);
  });

  it('a call under way is said to be', () => {
    const call = { call_id: 'call_1', operation: 'remove', at: NOW - 1 } as const;
    const [step] = stepsAhead(grant('remove', { status: 'removing', call }), absent, surroundings);
    expect(step).toMatchObject({
      at: NOW - 1,
      does: 'take-away',
      why: expect.stringContaining('under way'),
    });
  });

  it('in the mode observe a person is asked', () => {
    expect(kinds(grant('observe', { status: 'in-place' }), absent)).toEqual([
      ['ask-a-person', NOW - MINUTE],
    ]);
  });

  it('an open task is escalated; where everybody was told, it waits for a person', () => {
    const { connection: _, ...unreached } = grant('remove', { status: 'manual' });
    const task = { task_id: 'RMT_1', opened_at: NOW - HOUR, reason: 'r', escalations: [] };
    expect(kinds({ ...unreached, task }, absent)).toEqual([['escalate', NOW - HOUR + DAY]]);
    const escalations = ['a', 'b', 'c'].map((to) => ({ to, at: NOW }));
    expect(kinds({ ...unreached, task: { ...task, escalations } }, absent)).toEqual([]);
  });

  it('what is gone needs nothing', () => {
    expect(kinds(grant('manage', { status: 'removed' }), absent)).toEqual([]);
  });
});
