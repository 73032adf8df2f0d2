import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  COMPLETE,
  EXCEPTION_ID,
  GRANTS,
  given,
  inStatus,
  nothing,
  REASON,
  RENEWAL,
  START,
  type Story,
} from '../../../test/support/given.ts';
import { DomainError } from '../errors.ts';
import { DAY, formatInstant } from '../schedule/instant.ts';
import type { ExceptionFields } from './fields.ts';
import { draftRenewal, type RenewalRequest } from './renewal.ts';

const REQUEST = RENEWAL;
const FULL: Partial<ExceptionFields> = {
  ...COMPLETE,
  control: 'azure-policy-nonprod',
  grants: GRANTS,
  services: ['webhook'],
  justification: 'the first time',
  evidence: ['https://example.com/pr/1'],
  artifacts: [{ kind: 'memo', link: 'memo-1' }],
  external_ids: ['INC123456'],
  requested_duration: 'P80D',
};

/** The command that renews a record, or the refusal. */
function renewal(story: Story, request: RenewalRequest = REQUEST) {
  return draftRenewal(story.state, request, story.now);
}

/** The renewal of a record as a draft of its own, drafted when the record stands as it does. */
function renewed(story: Story, request?: RenewalRequest): Story {
  const command = renewal(story, request);
  if (command instanceof DomainError) throw command;
  return nothing()
    .after(story.now - START)
    .with(command);
}

describe('the draft of a renewal', () => {
  const predecessor = inStatus('Active', FULL).after(60 * DAY);
  const { state } = renewed(predecessor);

  it('copies the scope, not what has to be fresh', () => {
    const {
      justification,
      likelihood,
      impact,
      evidence,
      artifacts,
      external_ids,
      requested_duration,
      ...copied
    } = predecessor.state.fields;
    expect(state.fields).toEqual({
      ...copied,
      ...REQUEST,
      effective_from: formatInstant(START + 80 * DAY),
    });
    expect(state).toMatchObject({ approvals: [], violations: [], status: 'Draft' });
  });

  it('names its predecessor and counts on', () => {
    expect(state).toMatchObject({ renews: EXCEPTION_ID, renewal_number: 1 });
    const second = renewed(
      renewed(predecessor)
        .submitted()
        .approved()
        .confirmed()
        .after(21 * DAY),
      { ...REQUEST, justification: 'a second vendor has to sign the contract first' },
    );
    expect(second.state.renewal_number).toBe(2);
    const plan = [{ kind: 'migration-plan', link: 'plans/oauth' } as const];
    const third = renewed(
      second
        .with({ type: 'EditException', changes: { artifacts: plan } })
        .submitted()
        .approved()
        .confirmed()
        .after(90 * DAY),
      { ...REQUEST, justification: 'the freeze before Christmas forbids any release' },
    );
    expect(third.state).toMatchObject({ renewal_number: 3, renews: EXCEPTION_ID });
  });

  it('takes the times that are asked for', () => {
    const expires_at = formatInstant(START + 100 * DAY);
    expect(renewed(predecessor, { ...REQUEST, expires_at }).state.fields.expires_at).toBe(
      expires_at,
    );
    const wanted = { ...REQUEST, requested_duration: 'P30D' };
    expect(renewed(predecessor, wanted).state.fields.requested_duration).toBe('P30D');
  });

  it('starts where its predecessor ends, or now where that has ended', () => {
    expect(state.fields.effective_from).toBe(formatInstant(START + 80 * DAY));
    const expired = inStatus('Expired');
    expect(renewed(expired).state.fields.effective_from).toBe(formatInstant(expired.now));
    const closed = expired.with({ type: 'CloseException', evidence: ALL_EVIDENCE }).after(40 * DAY);
    expect(closed.state.status).toBe('Archived');
    expect(renewed(closed).state).toMatchObject({
      renewal_number: 1,
      fields: { effective_from: formatInstant(closed.now) },
    });
  });

  it('counts its own maximum from its own approval', () => {
    const approved = renewed(predecessor).submitted().approved();
    expect(approved.state).toMatchObject({
      effective_from: START + 80 * DAY,
      expires_at: START + 150 * DAY,
    });
  });
});

describe('a renewal is refused', () => {
  it.each(['Draft', 'Under-Review', 'Approved'] as const)('for what is %s', (status) => {
    expect(renewal(inStatus(status))).toMatchObject({
      code: 'wrong-state',
      message: expect.stringContaining('only an exception that is or was in force'),
    });
  });

  it.each(['Closed', 'Archived'] as const)('for what is %s and was never in force', (status) => {
    expect(renewal(inStatus(status))).toMatchObject({
      code: 'wrong-state',
      message: expect.stringContaining('and never was: draft a new exception'),
    });
  });

  it('where there is one: that one is to be renewed', () => {
    const linked = inStatus('Active').with(link());
    const message = 'EXC_2 renews this exception; renew that one';
    expect(renewal(linked)).toMatchObject({ code: 'already-exists', message });
    expect(renewal(linked.after(90 * DAY))).toMatchObject({ code: 'already-exists', message });
  });
});

describe('the predecessor', () => {
  it('closes as renewed at its end when its renewal is ready, without anything to remove', () => {
    const linked = inStatus('Active', { grants: GRANTS }).with(link());
    expect(linked.after(90 * DAY - 1).state.status).toBe('Expiring');
    expect(linked.after(90 * DAY).state).toMatchObject({
      status: 'Closed',
      expires_at: START + 90 * DAY,
      ended: { at: START + 90 * DAY, reason: 'renewed' },
      closed: { reason: 'renewed' },
    });
  });

  it.each(['Active', 'Expiring', 'Extended'] as const)('hands over while %s', (status) => {
    const story = inStatus(status);
    const end = story.state.expires_at ?? 0;
    expect(story.with(link(end)).after(end - story.now).state.closed?.reason).toBe('renewed');
  });

  it('expires when there is none', () => {
    expect(inStatus('Active').after(90 * DAY).state.status).toBe('Expired');
  });

  it('expires when its renewal starts later than it ends', () => {
    const linked = inStatus('Active').with(link(START + 90 * DAY + 1));
    expect(linked.after(90 * DAY).state.status).toBe('Expired');
  });

  it('expires when its renewal will not take over after all', () => {
    const unlinked = inStatus('Active')
      .with(link())
      .with({ type: 'UnlinkRenewal', renewal_id: 'EXC_2' });
    expect(unlinked.state).not.toHaveProperty('renewed_by');
    expect(unlinked.after(90 * DAY).state.status).toBe('Expired');
    expect(renewal(unlinked)).not.toBeInstanceOf(DomainError);
  });

  it('expires when it is ended early, whatever was to follow', () => {
    const revoked = inStatus('Active', { grants: GRANTS })
      .with(link())
      .with({ type: 'RevokeException', reason: REASON });
    expect(revoked.state.status).toBe('Expired');
    expect(revoked.after(90 * DAY).state.status).toBe('Expired');
  });

  it('follows a renewal that was approved anew with another start', () => {
    const linked = inStatus('Active').with(link());
    expect(linked.gives(link())).toEqual([]);
    const relinked = linked.with(link(START + 100 * DAY));
    expect(relinked.state.renewed_by?.takes_over_at).toBe(START + 100 * DAY);
    expect(relinked.after(90 * DAY).state.status).toBe('Expired');
  });

  it('has one renewal', () => {
    const linked = given().submitted().approved().confirmed().with(link());
    expect(linked.refuses({ ...link(), renewal_id: 'EXC_3' })).toMatchObject({
      code: 'already-exists',
      message: expect.stringContaining('withdraw that one first'),
    });
    expect(linked.gives({ type: 'UnlinkRenewal', renewal_id: 'EXC_3' })).toEqual([]);
  });
});

function link(takes_over_at = START + 90 * DAY) {
  return { type: 'LinkRenewal', renewal_id: 'EXC_2', takes_over_at } as const;
}
