import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  alsoOwnedBy,
  EDITOR,
  given,
  inStatus,
  ONE_APPROVER,
  REASON,
  REQUESTOR,
  SECOND_APPROVER,
  START,
  Story,
  TWO_APPROVERS,
} from '../../../test/support/given.ts';
import type { Actor } from '../access/actor.ts';
import { DAY } from '../schedule/instant.ts';

const APPROVE = { type: 'ApproveException', reason: REASON } as const;
const EDIT = { type: 'EditException', changes: { category: 'network' } } as const;
/** The same person with another token: a new id, the e-mail address in other letters. */
function otherToken(actor: Actor): Actor {
  return { ...actor, id: `${actor.id}-2`, email: actor.email?.toUpperCase() ?? '' };
}

const asApprover = (actor: Actor): Actor => ({ ...actor, role: 'approver' });

describe('nobody approves what they requested or wrote', () => {
  const OWNED = alsoOwnedBy(EDITOR, SECOND_APPROVER);
  const byOther = given(OWNED)
    .with(EDIT, EDITOR)
    .with({ type: 'SubmitException' }, SECOND_APPROVER);
  const askedFor = given({ requestor: { name: 'L. Okoye', email: 'Okoye@Example.com' } });

  it.each([
    ['its creator', inStatus('Under-Review'), asApprover(REQUESTOR)],
    ['its creator with another token', inStatus('Under-Review'), otherToken(asApprover(REQUESTOR))],
    ['an editor of the draft', byOther, EDITOR],
    ['an editor with another token', byOther, otherToken(EDITOR)],
    ['an editor of the request', inStatus('Under-Review', OWNED).with(EDIT, EDITOR), EDITOR],
    ['who submitted it', byOther, SECOND_APPROVER],
    ['for whom it was requested', askedFor.submitted(), APPROVER],
    [
      'who wrote it before changes were requested',
      inStatus('Under-Review', OWNED)
        .with(EDIT, EDITOR)
        .with({ type: 'RequestChanges', reason: REASON }, APPROVER)
        .submitted(),
      EDITOR,
    ],
  ])('%s', (_, story, by) => {
    expect(story.refuses(APPROVE, by)).toMatchObject({
      code: 'self-approval',
      message: expect.stringContaining('somebody else with the role has to decide'),
    });
  });

  it('nor the extension that they asked for', () => {
    const waiting = inStatus('Active', OWNED, ONE_APPROVER).with(
      {
        type: 'RequestExtension',
        change_id: 'chg_1',
        expires_at: '2026-04-10T00:00:00Z',
        reason: 'late',
        risk_review: 'same',
      },
      SECOND_APPROVER,
    );
    const approve = { ...APPROVE, change: 'extension' };
    expect(waiting.refuses(approve, SECOND_APPROVER).code).toBe('self-approval');
    expect(waiting.refuses(approve, otherToken(SECOND_APPROVER)).code).toBe('self-approval');
    expect(waiting.refuses(approve, asApprover(REQUESTOR)).code).toBe('self-approval');
    expect(waiting.with(approve, APPROVER).state.status).toBe('Extended');
  });

  it('but whoever corrected a title may', () => {
    const retitled = inStatus('Under-Review', OWNED, ONE_APPROVER).with(
      { type: 'EditException', changes: { title: 'better' } },
      EDITOR,
    );
    expect(retitled.with(APPROVE, EDITOR).state.status).toBe('Approved');
  });
});

describe('approval', () => {
  it('is asked of a role', () => {
    const refusal = inStatus('Under-Review').refuses(APPROVE, {
      ...APPROVER,
      role: 'administrator',
    });
    expect(refusal).toMatchObject({
      code: 'not-permitted',
      message:
        'an approval by administrator is not asked for; it needs security, domain-owner, ciso',
    });
  });

  it('by the last who is needed fixes the times; until then it stays under review', () => {
    const one = given({}, TWO_APPROVERS).submitted().with(APPROVE, APPROVER);
    expect(one.state).toMatchObject({
      status: 'Under-Review',
      approvals: [{ by: { id: 'okoye' } }],
    });
    expect(one.state.expires_at).toBeUndefined();
    const two = one.after(4 * DAY).with(APPROVE, SECOND_APPROVER);
    expect(two.state).toMatchObject({
      status: 'Approved',
      approved_at: START + 4 * DAY,
      expires_at: START + 94 * DAY,
    });
  });

  it('counts once for each person, whatever token they use', () => {
    const one = given({}, TWO_APPROVERS).submitted().with(APPROVE, APPROVER);
    for (const by of [APPROVER, otherToken(APPROVER)]) {
      expect(one.refuses(APPROVE, by)).toMatchObject({
        code: 'already-approved',
        message: expect.stringContaining('somebody else has to decide'),
      });
    }
  });

  it('of an extension waits for everybody who is needed as well', () => {
    const active = given({}, TWO_APPROVERS)
      .submitted()
      .with(APPROVE, APPROVER)
      .with(APPROVE, SECOND_APPROVER)
      .confirmed()
      .extensionTo(START + 100 * DAY);
    const approve = { ...APPROVE, change: 'chg_1' };
    const one = active.with(approve, APPROVER);
    expect(one.state).toMatchObject({ status: 'Active', pending_change: { approvals: [{}] } });
    expect(one.refuses(approve, APPROVER).code).toBe('already-approved');
    expect(one.with(approve, SECOND_APPROVER).state.status).toBe('Extended');
  });

  it('of an extension looks at the policy once more', () => {
    const { now, told, state } = inStatus('Active', {}, ONE_APPROVER).extensionTo(
      START + 100 * DAY,
    );
    const rule = { id: 'strict', source: 'a test', match: {}, effects: { total: 'P95D' } };
    const stricter = { ...ONE_APPROVER, rules: [...ONE_APPROVER.rules, rule] };
    const waiting = new Story(now, stricter, told, state);
    expect(waiting.refuses({ ...APPROVE, change: 'extension' }, APPROVER)).toMatchObject({
      code: 'end-refused',
      message: expect.stringContaining('at most P95D from approval (rule strict; a test)'),
    });
  });

  it('of a change is not taken for one of the request', () => {
    const request = inStatus('Under-Review');
    for (const type of ['ApproveException', 'RejectException'] as const) {
      expect(
        request.refuses({ type, reason: REASON, change: 'extension' }, APPROVER),
      ).toMatchObject({
        code: 'no-such-change',
        message: expect.stringContaining('leave "change" out'),
      });
    }
  });

  it('is bound to what was submitted', () => {
    const request = inStatus('Under-Review');
    const [given] = request.gives(APPROVE, APPROVER);
    expect(given?.data).toMatchObject({
      statement_digest: request.state.request?.statement_digest,
    });
    const changed = request.with(EDIT);
    expect(changed.state.request?.statement_digest).not.toBe(
      request.state.request?.statement_digest,
    );
  });
});

describe('a request that is sent back', () => {
  const back = inStatus('Under-Review').with(
    { type: 'RequestChanges', reason: 'name the endpoints that it opens' },
    APPROVER,
  );

  it('is a draft again, without approvals', () => {
    expect(back.state).toMatchObject({ status: 'Draft', approvals: [] });
    expect(back.state.request).toBeUndefined();
  });

  it('can be submitted and approved anew', () => {
    expect(back.submitted().approved().state.status).toBe('Approved');
  });
});
