import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  given,
  inStatus,
  permanent,
  personOf,
  REASON,
  type Story,
} from '../../../test/support/given.ts';
import type { Actor } from '../access/actor.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { DAY } from '../schedule/instant.ts';
import type { ExceptionCommand } from './commands.ts';

const LEADER = personOf('executive-leadership');

/** Each command that has to say why, where it would pass otherwise. */
const REASONED: readonly (readonly [Story, ExceptionCommand, Actor | undefined])[] = [
  [inStatus('Under-Review'), { type: 'ApproveException', reason: 'fine' }, APPROVER],
  [inStatus('Under-Review'), { type: 'RejectException', reason: 'no' }, APPROVER],
  [inStatus('Under-Review'), { type: 'RequestChanges', reason: 'say more' }, APPROVER],
  [inStatus('Under-Review'), { type: 'WithdrawException' }, undefined],
  [inStatus('Active'), { type: 'RevokeException', reason: 'misused' }, undefined],
  [
    inStatus('Active', {}, undefined, 4).after(0),
    { type: 'RequireRearchitecture', reason: 'x' },
    LEADER,
  ],
];

describe('whoever decides says why', () => {
  it.each(REASONED)(
    '%#: with too few characters it is refused, with enough it passes',
    (story, command, by) => {
      expect(story.refuses(command, by)).toMatchObject({
        code: 'invalid-request',
        errors: [
          {
            path: 'reason',
            message: expect.stringMatching(/^has \d characters? and takes at least 20/),
          },
        ],
      });
      const said = { ...command, reason: REASON } as ExceptionCommand;
      expect(story.with(said, by).told.length).toBeGreaterThan(story.told.length);
    },
  );

  it.each([
    ['19 characters', 'x'.repeat(19), 19],
    ['spaces at the ends', `  ${'x'.repeat(18)}\t\n`, 18],
    ['spaces between', `not${' '.repeat(30)}needed`, 10],
    ['what nobody can see', `fine${'\u200b\u2060\u00ad'.repeat(10)}`, 4],
    ['signs of two code units', '🔒'.repeat(19), 19],
  ])('%s do not make it longer', (_, reason, has) => {
    const refusal = given().refuses({ type: 'WithdrawException', reason });
    expect(refusal.message).toContain(`has ${has} characters and takes at least 20`);
  });

  it('twenty are enough', () => {
    const withdrawn = given().with({ type: 'WithdrawException', reason: 'x'.repeat(20) });
    expect(withdrawn.state.closed).toMatchObject({ reason: 'withdrawn', note: 'x'.repeat(20) });
  });

  it('of a change that waits as well', () => {
    const waiting = permanent().after(340 * DAY);
    const review = waiting.with({
      type: 'CompleteReview',
      change_id: 'chg_2',
      reason: 'same',
      risk_review: 'same',
    });
    expect(
      review.refuses({ type: 'RejectException', reason: 'no', change: 'review' }),
    ).toMatchObject({ code: 'invalid-request' });
  });

  it('at the policy’s number, and at 0 not at all', () => {
    const asking = (min_characters: number) => ({
      ...BUILT_IN_POLICY,
      reasons: { min_characters },
    });
    const refusal = given({}, asking(5)).refuses({ type: 'WithdrawException', reason: 'none' });
    expect(refusal.message).toContain('has 4 characters and takes at least 5');
    expect(given({}, asking(0)).with({ type: 'WithdrawException' }).state.status).toBe('Closed');
  });

  it('is kept with the approval', () => {
    const approved = inStatus('Under-Review').with(
      { type: 'ApproveException', reason: REASON },
      APPROVER,
    );
    expect(approved.state.approvals).toMatchObject([{ reason: REASON }]);
  });
});
