import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  askingFor,
  COMPLETE,
  EMERGENCY,
  extension,
  GRANTS,
  given,
  nothing,
  personOf,
  REASON,
  SECOND_APPROVER,
  START,
  TENANT,
} from '../../../test/support/given.ts';
import { proposed, signedApproval, signedBy } from '../../../test/support/signed-story.ts';
import { DAY, formatInstant, MINUTE } from '../schedule/instant.ts';
import { statementDigest } from './statement.ts';

const POLICY = signedBy(askingFor([{ role: 'approver', count: 2 }]), 'approver');
const request = given({ requested_duration: 'P30D' }, POLICY).submitted();
const approve = { type: 'ApproveException', reason: REASON } as const;

describe('what is signed of a request', () => {
  it('says what, which revision, until when, as whom and why', () => {
    expect(proposed(request, APPROVER)).toEqual({
      v: 1,
      tenant_org: TENANT,
      exception_id: request.state.exception_id,
      title: COMPLETE.title,
      approves: 'request',
      asked_at: formatInstant(START),
      statement_digest: statementDigest(request.state.fields),
      ends_at: formatInstant(START + 30 * DAY),
      role: 'approver',
      approver: { id: APPROVER.id, name: APPROVER.name, email: APPROVER.email },
      reason: REASON,
    });
  });

  it('is asked for by the requirement, and an approval without it is refused', () => {
    expect(request.state.request?.requirements).toMatchObject([
      { role: 'approver', signature: 'signed' },
    ]);
    const refusal = request.refuses(approve, APPROVER);
    expect(refusal.code).toBe('signature-required');
    expect(refusal.message).toContain(`sign it at /approve/${request.state.exception_id}`);
  });

  it('stands beside the approval, and fixes the end of a duration', () => {
    const later = request.after(MINUTE);
    const signed = later.with(signedApproval(proposed(request, APPROVER), later.now), APPROVER);
    expect(signed.state.approvals).toMatchObject([
      { passkey: 'Y3JlZGVudGlhbA', ends_by: START + 30 * DAY },
    ]);
    const both = signed.after(DAY);
    const second = proposed(both, SECOND_APPROVER);
    expect(second).toMatchObject({ ends_at: formatInstant(START + 30 * DAY) });
    const whole = both.with(signedApproval(second, both.now), SECOND_APPROVER);
    expect(whole.state).toMatchObject({ status: 'Approved', expires_at: START + 30 * DAY });
  });

  it.each([
    ['another person', { approver: { id: 'x', name: 'X' } }],
    ['another record', { exception_id: 'EXC_2' }],
    ['another tenant', { tenant_org: 'other' }],
    ['another revision', { statement_digest: 'ff' }],
    ['another title', { title: 'Something harmless' }],
    ['another request', { asked_at: formatInstant(START - DAY) }],
    ['another matter', { approves: 'extension' }],
    ['a change', { change_id: 'chg_1' }],
    ['another consumer', { consumer: 'shop' }],
    ['another version', { v: 2 as never }],
  ])('is refused of %s', (_, other) => {
    const statement = proposed(request, APPROVER);
    const command = signedApproval({ ...statement, ...other } as never, START);
    const { change: __, ...terms } = command;
    expect(request.refuses(terms, APPROVER).code).toBe('signature-refused');
  });

  it('is refused once the record has been sent anew', () => {
    const statement = proposed(request, APPROVER);
    const again = request
      .with({ type: 'RequestChanges', reason: REASON }, APPROVER)
      .after(MINUTE)
      .submitted();
    const refusal = again.refuses(signedApproval(statement, START), APPROVER);
    expect(refusal.message).toContain('asked_at is');
  });

  it('may be an earlier end', () => {
    const expires_at = formatInstant(START + 3 * DAY);
    expect(proposed(request, APPROVER, { expires_at })).toMatchObject({ ends_at: expires_at });
  });

  it('is nothing where the approval itself would be refused', () => {
    expect(proposed(request, personOf('dpo'))).toMatchObject({ code: 'not-permitted' });
    expect(proposed(request, APPROVER, { reason: 'short' })).toMatchObject({
      code: 'invalid-request',
    });
    const earlier = { expires_at: formatInstant(START - DAY) };
    expect(proposed(request, APPROVER, earlier)).toMatchObject({ code: 'end-refused' });
    const draft = given({}, POLICY);
    expect(proposed(draft, APPROVER)).toMatchObject({ code: 'wrong-state' });
  });
});

describe('what is signed of other things', () => {
  const policy = signedBy(askingFor([{ role: 'approver' }]), 'approver');

  it('of an emergency says that it is one', () => {
    const draft = nothing(policy).with({
      type: 'DraftException',
      fields: { ...COMPLETE, grants: GRANTS },
    });
    expect(proposed(draft.with(EMERGENCY), APPROVER)).toMatchObject({ approves: 'emergency' });
  });

  it('of an extension names the change and its end', () => {
    const waiting = given({}, policy).submitted();
    const active = waiting
      .with(signedApproval(proposed(waiting, APPROVER), START), APPROVER)
      .confirmed()
      .with(extension(START + 95 * DAY));
    const { pending_change: change } = active.state;
    const terms = { change: change?.change_id ?? '' };
    const { signature: _, ...unsigned } = { ...approve, ...terms, signature: undefined };
    expect(active.refuses(unsigned, APPROVER).code).toBe('signature-required');
    const statement = proposed(active, APPROVER, terms);
    expect(statement).toMatchObject({
      approves: 'extension',
      change_id: change?.change_id,
      ends_at: formatInstant(START + 95 * DAY),
    });
    const extended = active.with(signedApproval(statement, active.now), APPROVER);
    expect(extended.state.expires_at).toBe(START + 95 * DAY);
  });
});
