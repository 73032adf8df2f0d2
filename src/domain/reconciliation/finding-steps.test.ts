import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOCK } from '../access/actor.ts';
import type { CallOutcome } from '../enforcement/connector.ts';
import { MODES } from '../enforcement/connector.ts';
import { DAY, formatInstant, type Instant, MINUTE } from '../schedule/instant.ts';
import { ANSWERS, acceptFinding, assertAnswerable, orderRemoval } from './decide-answer.ts';
import { evolveFinding } from './evolve-finding.ts';
import { FINDING_KINDS, type FindingKind, type FindingState } from './finding.ts';
import type { FindingEvent } from './finding-events.ts';
import {
  beginRemoval,
  giveUpCall,
  nextFindingMove,
  passLimit,
  removalAnswered,
  reopenFinding,
} from './finding-steps.ts';
import { ANSWER_WITHIN } from './time-limits.ts';

const NOW: Instant = Date.UTC(2026, 5, 1);
const REASON = 'looked at together with the team';
const NEVER = { lookedAt: undefined };

function opened(kind: FindingKind, about: { grant_id?: string; is_allowed?: true } = {}) {
  const data = {
    ...{ kind, spec: { kind: 'role-assignment', target: '/a' }, details: ['x'] },
    ...{ connection: 'azure', scope: '/a', owner: 'platform', reconciliation_id: 'RCN_1' },
    ...{ due_at: formatInstant(NOW + ANSWER_WITHIN[kind]), ...about },
    ...(about.grant_id === undefined ? {} : { exception_id: 'EXC_1' }),
  };
  return folded(undefined, { type: 'FindingOpened', data });
}

function folded(state: FindingState | undefined, ...events: FindingEvent[]): FindingState {
  const result = events.reduce<FindingState | undefined>(
    (before, event) => evolveFinding(before, event, { findingId: 'FND_1', at: NOW, actor: CLOCK }),
    state,
  );
  if (!result) throw new Error('no event');
  return result;
}

describe('a finding', () => {
  it.each(FINDING_KINDS)(
    'of the kind %s has its time limit, after which something follows',
    (kind) => {
      const finding = opened(kind);
      expect(nextFindingMove(finding, NEVER)).toEqual({
        at: NOW + ANSWER_WITHIN[kind],
        do: 'pass-limit',
      });
      const passed = folded(finding, passLimit(finding, 'observe'));
      expect(passed.limit).toMatchObject({ led_to: 'task' });
      expect(nextFindingMove(passed, NEVER)).toBeUndefined();
    },
  );

  it('leads to a removal by itself only past its end, of what an exception names, where the mode lets it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FINDING_KINDS),
        fc.constantFrom(...MODES),
        fc.boolean(),
        (kind, mode, isNamed) => {
          const finding = opened(kind, isNamed ? { grant_id: 'GRT_1-1' } : {});
          const passed = folded(finding, passLimit(finding, mode));
          const isRemoved = kind === 'overdue' && isNamed && mode !== 'observe';
          expect(passed.limit?.led_to).toBe(isRemoved ? 'removal' : 'task');
          // Its own grant takes it away, never a call of the finding's.
          expect(passed.removal?.by).toBe(isRemoved ? 'grant' : undefined);
        },
      ),
    );
  });

  it('is accepted for a time, never for ever, and has to be answered again after it', () => {
    const finding = opened('unregistered');
    for (const days of [-1, 0, 90.001, 10_000])
      expect(() =>
        acceptFinding(finding, { reason: REASON, until: NOW + days * DAY }, NOW),
      ).toThrow('at most 90 days');
    const until = NOW + 90 * DAY;
    const accepted = folded(finding, acceptFinding(finding, { reason: REASON, until }, NOW));
    expect(nextFindingMove(accepted, NEVER)).toEqual({ at: until, do: 'end-acceptance' });
    const again = folded(accepted, reopenFinding(accepted, 'it has ended', until));
    expect(again).toMatchObject({ state: 'open', due_at: until + 7 * DAY });
    expect(again.answer).toBeUndefined();
  });

  it('that is past its end is never accepted', () => {
    const finding = opened('overdue', { grant_id: 'GRT_1-1' });
    expect(() => acceptFinding(finding, { reason: REASON, until: NOW + DAY }, NOW)).toThrow(
      'removed, or adopted',
    );
  });

  it('takes no answer once it is solved, and no removal of what is allowed', () => {
    const solved = folded(opened('unregistered'), {
      type: 'FindingSolved',
      data: { how: 'compared' },
    });
    for (const answer of ANSWERS)
      expect(() => assertAnswerable(solved, answer)).toThrow('solved already');
    const moved = opened('changed', { grant_id: 'GRT_1-1', is_allowed: true });
    expect(() => orderRemoval(moved, REASON, 'finding')).toThrow('revoke');
    expect(() => orderRemoval(opened('missing'), REASON, 'finding')).toThrow('put it back');
  });
});

describe('a removal that a person has ordered', () => {
  const ordered = () => {
    const finding = opened('unregistered');
    return folded(finding, orderRemoval(finding, REASON, 'finding'));
  };
  const begun = (state = ordered()) => folded(state, beginRemoval(state, 'call_1'));

  it('is called at once, and looked at once the cloud has taken it', () => {
    expect(nextFindingMove(ordered(), NEVER)).toEqual({ at: NOW, do: 'call' });
    expect(nextFindingMove(begun(), NEVER)?.do).toBe('give-up-call');
    const taken = folded(begun(), ...removalAnswered(begun(), 'call_1', { kind: 'done' }, NOW));
    expect(nextFindingMove(taken, NEVER)).toEqual({ at: NOW, do: 'look' });
    expect(nextFindingMove(taken, { lookedAt: NOW })).toEqual({ at: NOW + MINUTE, do: 'look' });
    const late = NOW + 2 * DAY;
    expect(nextFindingMove(taken, { lookedAt: late })).toEqual({ at: late + DAY, do: 'look' });
  });

  it('is tried again after a failure, and comes to a person once that is of no use', () => {
    const failing: CallOutcome = { kind: 'retry', message: '500' };
    let state = ordered();
    for (let call = 1; call <= 4; call++) {
      state = begun(state);
      state = folded(state, ...removalAnswered(state, 'call_1', failing, NOW));
      expect(state.removal).toMatchObject({
        failed_calls: call,
        by: call < 4 ? 'finding' : 'person',
      });
    }
    const refused: CallOutcome = { kind: 'refused', message: '403' };
    const once = folded(begun(), ...removalAnswered(begun(), 'call_1', refused, NOW));
    expect(once.removal?.by).toBe('person');
    const throttled: CallOutcome = { kind: 'throttled', message: '429', retryAfter: 7_000 };
    const slowed = folded(begun(), ...removalAnswered(begun(), 'call_1', throttled, NOW));
    expect(slowed.removal).toMatchObject({ failed_calls: 0, retry_at: NOW + 7_000 });
  });

  it('whose answer nobody recorded counts as failed, and a late answer as nothing', () => {
    const given = folded(begun(), ...giveUpCall(begun(), NOW));
    expect(given.removal).toMatchObject({ failed_calls: 1 });
    expect(removalAnswered(given, 'call_1', { kind: 'done' }, NOW)).toEqual([]);
  });
});
