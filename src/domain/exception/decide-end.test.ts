import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  APPROVER,
  GRANTS,
  given,
  inStatus,
  REASON,
  REQUESTOR,
  START,
  type Story,
  TENANT,
} from '../../../test/support/given.ts';
import { CLOCK } from '../access/actor.ts';
import type { Policy } from '../policy/policy.ts';
import { DAY } from '../schedule/instant.ts';
import { isInForce } from './advance.ts';
import { decide } from './decide.ts';
import { LIMITS } from './field-shapes.ts';
import { CLOSED_REASONS, type ClosedReason } from './status.ts';

const REVOKE = { type: 'RevokeException', reason: 'used for something else' } as const;
const CLOSE = { type: 'CloseException', evidence: ALL_EVIDENCE } as const;
const REMOVAL = { statement: 'the role is gone', links: ['https://example.com/log'] };
const IN_FORCE = ['Active', 'Expiring', 'Extended'] as const;

describe('every reason of closing', () => {
  const active = () => inStatus('Active');
  const linked = active().with({
    type: 'LinkRenewal',
    renewal_id: 'EXC_2',
    takes_over_at: START + 90 * DAY,
  });
  const ways: Readonly<Record<ClosedReason, Story>> = {
    rejected: inStatus('Under-Review').with({ type: 'RejectException', reason: REASON }, APPROVER),
    withdrawn: inStatus('Approved').with({ type: 'WithdrawException', reason: REASON }),
    lapsed: inStatus('Under-Review').after(30 * DAY),
    remediated: active().with(CLOSE),
    expired: inStatus('Expired').with(CLOSE),
    revoked: active().with(REVOKE),
    renewed: linked.after(90 * DAY),
  };

  it.each(CLOSED_REASONS)('%s', (reason) => {
    expect(ways[reason].state).toMatchObject({ status: 'Closed', closed: { reason } });
  });
});

describe('revoking', () => {
  it.each(IN_FORCE)('without grants closes what is %s at once', (status) => {
    const before = inStatus(status).after(DAY);
    const revoked = before.with(REVOKE);
    expect(revoked.state).toMatchObject({
      status: 'Closed',
      expires_at: before.now,
      original_expires_at: START + 90 * DAY,
      ended: { at: before.now, reason: 'revoked' },
      closed: { reason: 'revoked', note: REVOKE.reason, by: { id: REQUESTOR.id } },
    });
    expect(isInForce(revoked.state, revoked.now)).toBe(false);
  });

  it.each(IN_FORCE)('with grants ends what is %s, but leaves it Expired', (status) => {
    const before = inStatus(status, { grants: GRANTS }).after(DAY);
    const revoked = before.with(REVOKE);
    expect(revoked.state).toMatchObject({
      status: 'Expired',
      expires_at: before.now,
      ended: { at: before.now, reason: 'revoked', note: REVOKE.reason },
    });
    expect(isInForce(revoked.state, revoked.now)).toBe(false);
  });

  it('with grants closes on the statement that they are gone, remediated or not', () => {
    const revoked = inStatus('Active', { grants: GRANTS }).with(REVOKE);
    expect(revoked.refuses({ type: 'CloseException', evidence: [] })).toMatchObject({
      code: 'missing-evidence',
      errors: [{ path: 'removal' }],
    });
    const closed = revoked.with({ type: 'CloseException', evidence: [], removal: REMOVAL });
    expect(closed.state.closed).toMatchObject({ reason: 'revoked', note: REVOKE.reason });
    expect(closed.told.at(-1)?.event.data).toMatchObject({ removal: REMOVAL });
  });

  it('of an approved record needs no removal: nothing was ever in force', () => {
    const revoked = inStatus('Approved', { grants: GRANTS }).with(REVOKE);
    expect(revoked.state).toMatchObject({ status: 'Closed', closed: { reason: 'revoked' } });
    expect(revoked.state.ended).toBeUndefined();
  });

  it('drops an extension that was waiting', () => {
    const waiting = inStatus('Active', { grants: GRANTS }).extensionTo(START + 100 * DAY);
    expect(waiting.with(REVOKE).state.pending_change).toBeUndefined();
    expect(
      inStatus('Active')
        .extensionTo(START + 100 * DAY)
        .with(REVOKE).state,
    ).not.toHaveProperty('pending_change');
  });
});

describe('closing', () => {
  it.each([
    [[], ['evidence.c1', 'evidence.c2']],
    [ALL_EVIDENCE.slice(0, 1), ['evidence.c2']],
  ])('needs evidence for each criterion', (evidence, paths) => {
    const refusal = inStatus('Active').refuses({ type: 'CloseException', evidence });
    expect(refusal.code).toBe('missing-evidence');
    expect(refusal.errors.map(({ path }) => path)).toEqual(paths);
    expect(refusal.errors.at(-1)?.message).toContain('a link that shows "keys are revoked"');
  });

  it('refuses evidence for what is no criterion', () => {
    const evidence = [...ALL_EVIDENCE, { criterion: 'c3', link: 'x' }];
    expect(inStatus('Active').refuses({ type: 'CloseException', evidence }).message).toBe(
      'c3 names no closure criterion; there are c1, c2',
    );
  });

  it('before the end, without grants, remediates', () => {
    const closed = inStatus('Active')
      .after(5 * DAY)
      .with({ ...CLOSE, reason: 'OAuth is live' });
    expect(closed.state).toMatchObject({
      status: 'Closed',
      expires_at: START + 5 * DAY,
      ended: { at: START + 5 * DAY, reason: 'remediated' },
      closed: { note: 'OAuth is live', evidence: ALL_EVIDENCE },
    });
  });

  it('with grants ends it, and keeps the evidence until their removal is stated', () => {
    const ended = inStatus('Active', { grants: GRANTS })
      .after(5 * DAY)
      .with({ ...CLOSE, reason: 'OAuth is live' });
    expect(ended.state).toMatchObject({
      status: 'Expired',
      expires_at: START + 5 * DAY,
      ended: { reason: 'remediated', note: 'OAuth is live' },
    });
    expect(ended.refuses({ type: 'CloseException', evidence: [] }).errors).toMatchObject([
      { path: 'removal' },
    ]);
    for (const evidence of [[], ALL_EVIDENCE]) {
      const closed = ended.with({ type: 'CloseException', evidence, removal: REMOVAL });
      expect(closed.state.closed).toMatchObject({
        reason: 'remediated',
        note: 'OAuth is live',
        evidence: ALL_EVIDENCE,
      });
    }
  });

  it('with grants and their removal stated closes at once', () => {
    const closed = inStatus('Active', { grants: GRANTS })
      .after(DAY)
      .with({ ...CLOSE, removal: REMOVAL });
    expect(closed.state).toMatchObject({ status: 'Closed', ended: { at: START + DAY } });
  });

  it('after the end says that it expired', () => {
    const expired = inStatus('Expired', { grants: GRANTS });
    expect(expired.refuses(CLOSE).code).toBe('missing-evidence');
    const closed = expired.with({ ...CLOSE, removal: REMOVAL });
    expect(closed.state).toMatchObject({
      expires_at: START + 90 * DAY,
      ended: { at: START + 90 * DAY, reason: 'expired' },
      closed: { reason: 'expired', at: START + 91 * DAY },
    });
  });
});

describe('archiving', () => {
  it('can be done before its time', () => {
    const archived = inStatus('Closed').with({ type: 'ArchiveException', reason: 'duplicate' });
    expect(archived.state).toMatchObject({ status: 'Archived', archived_at: START });
  });
});

describe('evidence', () => {
  const add = (links: string[]) => ({ type: 'AddEvidence', links }) as const;

  it('is added once, while the record is reviewed or closed too', () => {
    for (const status of ['Draft', 'Under-Review', 'Active', 'Expired', 'Closed'] as const) {
      const before = inStatus(status, { evidence: ['a'] });
      const after = before.with(add(['a', 'b', 'b']));
      expect(after.told.at(-1)?.event.data).toEqual({ links: ['b'] });
      expect(after.state).toMatchObject({ status, fields: { evidence: ['a', 'b'] } });
      expect(after.gives(add(['b']))).toEqual([]);
    }
  });

  it('has at most as many entries as a list, however many additions they come in', () => {
    const links = Array.from({ length: LIMITS.list }, (_, index) => `link-${index}`);
    const full = given().with(add(links));
    expect(full.refuses(add(['one-more']))).toMatchObject({
      code: 'invalid-record',
      message: 'evidence would have 201 entries; a list may have at most 200',
    });
  });

  it('does not make the record larger than a record may be', () => {
    const links = Array.from({ length: 150 }, (_, index) => `${index}-${'x'.repeat(1_900)}`);
    expect(given().refuses(add(links)).message).toContain('(256 KB)');
  });
});

describe('files of evidence', () => {
  const file = (digit: string) => ({
    digest: digit.repeat(64),
    size: 12,
    type: 'text/plain',
    name: `${digit}.txt`,
  });
  const add = (...digits: string[]) => ({ type: 'AddEvidence', files: digits.map(file) }) as const;

  it('are added once each, with who added them, and leave the links as they are', () => {
    const before = inStatus('Active', { evidence: ['a'] });
    const after = before.with(add('1')).with({ ...add('1', '2'), note: 'both' });
    expect(after.told.at(-1)?.event.data).toEqual({ links: [], files: [file('2')], note: 'both' });
    expect(after.state.fields).toEqual(before.state.fields);
    expect(after.state.evidence_files).toMatchObject([
      { ...file('1'), added_by: { name: 'A. Rivera' }, added_at: before.now },
      file('2'),
    ]);
    expect(after.gives(add('2'))).toEqual([]);
  });

  it('are at most as many as a list has entries', () => {
    const files = Array.from({ length: LIMITS.list + 1 }, (_, at) => ({
      ...file('a'),
      digest: String(at).padStart(64, '0'),
    }));
    const full = given().with({ type: 'AddEvidence', files: files.slice(1) });
    expect(full.refuses({ type: 'AddEvidence', files: files.slice(0, 1) })).toMatchObject({
      code: 'invalid-record',
      errors: [{ path: 'evidence_files' }],
    });
  });

  it('show that a criterion is met, where the record has them', () => {
    const evidence = [
      { criterion: 'c1', digest: file('1').digest },
      { criterion: 'c2', link: 'https://example.com/pr/2' },
    ];
    const close = { type: 'CloseException', evidence } as const;
    const other = inStatus('Active').with(add('2'));
    expect(other.refuses(close)).toMatchObject({
      code: 'missing-evidence',
      message: expect.stringContaining(`it has ${file('2').digest} (2.txt)`),
    });
    expect(other.with(add('1')).with(close).state.closed?.evidence).toEqual(evidence);
  });

  it('are frozen with the record', () => {
    const archived = inStatus('Closed').with({ type: 'ArchiveException' });
    expect(archived.refuses(add('1')).code).toBe('wrong-state');
  });
});

describe('violations', () => {
  it('are kept with who saw them, and change nothing else', () => {
    const active = inStatus('Active').after(DAY);
    const violated = active.with(
      { type: 'RecordViolation', impact: 'outage', description: 'used at night' },
      APPROVER,
    );
    expect(violated.state).toEqual({
      ...active.state,
      updated_at: active.now,
      violations: [
        {
          at: active.now,
          impact: 'outage',
          description: 'used at night',
          by: { id: APPROVER.id, name: APPROVER.name, email: APPROVER.email },
        },
      ],
    });
  });
});

describe('a gate', () => {
  it('says which people may revoke, and does not stop what follows of itself', () => {
    const { policy, state, now } = inStatus('Active');
    const gated: Policy = {
      ...policy,
      rules: [
        ...policy.rules,
        { id: 'gate', source: 'a test', match: {}, effects: { gates: { revoke: ['ciso'] } } },
      ],
    };
    const context = { now, policy: gated, tenantId: TENANT };
    expect(decide(state, REVOKE, { ...context, actor: REQUESTOR })).toMatchObject({
      code: 'not-permitted',
    });
    expect(decide(state, REVOKE, { ...context, actor: CLOCK })).toMatchObject([
      { data: { reason: 'revoked' } },
    ]);
  });
});
