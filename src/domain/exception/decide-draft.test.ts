import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  alsoOwnedBy,
  COMPLETE,
  EDITOR,
  given,
  inStatus,
  nothing,
  ONE_APPROVER,
  REASON,
  REQUESTOR,
  SECOND_APPROVER,
  START,
  TENANT,
  TWO_APPROVERS,
} from '../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { policyDigest } from '../policy/policy-digest.ts';
import { DAY, formatInstant } from '../schedule/instant.ts';
import { LIMITS } from './field-shapes.ts';
import { type ExceptionEdit, exceptionFields, type FieldName } from './fields.ts';
import { isMaterial } from './statement.ts';

const edit = (changes: ExceptionEdit) => ({ type: 'EditException', changes }) as const;
const IN_FORCE_OR_LATER = ['Active', 'Expiring', 'Extended', 'Expired'] as const;

describe('a draft', () => {
  it('needs a title alone', () => {
    const fields = { title: 'something' };
    expect(nothing().with({ type: 'DraftException', fields }).state).toMatchObject({
      status: 'Draft',
      fields,
      renewal_number: 0,
    });
  });

  it('keeps what a file claims of itself apart', () => {
    const claims = { status: 'Approved', approvals: [{ name: 'J. Chen' }] };
    const { state } = nothing().with({ type: 'DraftException', fields: { title: 'x' }, claims });
    expect(state).toMatchObject({ status: 'Draft', claims, approvals: [] });
  });

  it('belongs to the tenant of its author', () => {
    const mine = { title: 'x', tenant_org: TENANT };
    expect(nothing().with({ type: 'DraftException', fields: mine }).state.fields).toEqual({
      title: 'x',
    });
    const foreign = { title: 'x', tenant_org: '01J6M9M5Y0Q2H6W2QF9Q1VZZZZ' };
    const refusal = nothing().refuses({ type: 'DraftException', fields: foreign });
    expect(refusal).toMatchObject({ code: 'invalid-record', errors: [{ path: 'tenant_org' }] });
    expect(refusal.message).toContain(`is not your tenant (${TENANT}); leave it out`);
    expect(given().refuses(edit({ tenant_org: foreign.tenant_org })).code).toBe('invalid-record');
  });

  it('does not keep a score that likelihood and impact give', () => {
    expect(given({ risk_score: 6 }).state.fields.risk_score).toBeUndefined();
    expect(() => given({ risk_score: 5 })).toThrow('likelihood Medium and impact High give 6');
  });
});

describe('an edit', () => {
  it('that changes nothing is none', () => {
    expect(inStatus('Approved').gives(edit({ title: COMPLETE.title, ticket_id: null }))).toEqual(
      [],
    );
    expect(inStatus('Active').gives(edit({ risk_score: 6, category: 'authz' }))).toEqual([]);
    expect(given().gives(edit({ title: undefined }))).toEqual([]);
  });

  it('of a material field voids approvals, says whose, and asks for them again', () => {
    const fields = { effective_from: formatInstant(START + 9 * DAY), ...alsoOwnedBy(EDITOR) };
    const approved = inStatus('Approved', fields, ONE_APPROVER).confirmed().after(DAY);
    expect(approved.state).toHaveProperty('controls_confirmed');
    const [edited, submitted, ...rest] = approved.gives(edit({ category: 'network' }), EDITOR);
    expect(edited).toEqual({
      type: 'ExceptionEdited',
      data: {
        changes: { category: 'network' },
        material: ['category'],
        voided_approvals: ['L. Okoye'],
      },
    });
    expect(submitted).toMatchObject({ type: 'ExceptionSubmitted' });
    expect(rest).toEqual([]);
    const { state } = approved.with(edit({ category: 'network' }), EDITOR);
    expect(state).toMatchObject({
      status: 'Under-Review',
      approvals: [],
      reminders: [],
      request: { submitted_at: START + DAY, lapses_at: START + 31 * DAY },
    });
    for (const name of ['approved_at', 'expires_at', 'effective_from', 'controls_confirmed']) {
      expect(state).not.toHaveProperty(name);
    }
  });

  it('of the end of an approved record has to be approved anew', () => {
    const end = START + 20 * DAY;
    const edited = inStatus('Approved').with(edit({ expires_at: formatInstant(end) }));
    expect(edited.state.status).toBe('Under-Review');
    expect(edited.state.expires_at).toBeUndefined();
    expect(edited.approved().state.expires_at).toBe(end);
    const late = formatInstant(START + 91 * DAY);
    expect(inStatus('Approved').refuses(edit({ expires_at: late })).code).toBe('end-refused');
  });

  it('of a request voids the approvals given so far', () => {
    const approve = { type: 'ApproveException', reason: REASON } as const;
    const half = given({}, TWO_APPROVERS).submitted().with(approve, APPROVER);
    const edited = half.with(edit({ impact: 'Low' }));
    expect(edited.told.at(-2)?.event.data).toMatchObject({ voided_approvals: ['L. Okoye'] });
    const one = edited.with(approve, APPROVER);
    expect(one.state.status).toBe('Under-Review');
    expect(one.with(approve, SECOND_APPROVER).state.status).toBe('Approved');
  });

  it.each(['Under-Review', 'Approved', ...IN_FORCE_OR_LATER] as const)(
    'of a field that is not material leaves a record that is %s as it was',
    (status) => {
      const story = inStatus(status);
      const changes = { ticket_id: 'SEC-1', owners: [{ name: 'New Owner' }] };
      const edited = story.with(edit(changes));
      expect(edited.told.at(-1)?.event.data).toMatchObject({ material: [], voided_approvals: [] });
      const { fields, updated_at, ...rest } = story.state;
      expect(edited.state).toMatchObject(rest);
      expect(edited.state.fields).toEqual({ ...fields, ...changes });
    },
  );

  it.each(IN_FORCE_OR_LATER)('of a material field is refused while %s', (status) => {
    const refusal = inStatus(status).refuses(edit({ category: 'network', title: 'x' }));
    expect(refusal).toMatchObject({
      code: 'wrong-state',
      errors: [{ path: 'category', message: `is fixed while ${status}` }],
    });
    expect(refusal.message).toContain('ask for an extension, a renewal, or a new exception');
  });

  it('says that the end is fixed in force, rather than what else is wrong with it', () => {
    const active = inStatus('Active', { requested_duration: 'P20D' });
    const changes = { expires_at: formatInstant(START + 900 * DAY) };
    expect(active.refuses(edit(changes)).code).toBe('wrong-state');
  });

  it.each(['adr_id', 'telemetry', 'owners', 'category', 'remediation_plan'] as const)(
    'cannot take %s away from a request',
    (name) => {
      const refusal = inStatus('Under-Review').refuses(edit({ [name]: null }));
      expect(refusal).toMatchObject({ code: 'incomplete-record', errors: [{ path: name }] });
      expect(refusal.message).toContain(`keep or replace ${name}`);
    },
  );

  it.each(['adr_id', 'telemetry', 'owners'] as const)(
    'cannot take %s away from a record in force',
    (name) => {
      for (const status of IN_FORCE_OR_LATER) {
        expect(inStatus(status).refuses(edit({ [name]: null })).code).toBe('incomplete-record');
      }
    },
  );

  it('may empty a draft of everything but its title', () => {
    const names = Object.keys(COMPLETE).filter((name) => name !== 'title');
    const changes = Object.fromEntries(names.map((name) => [name, null])) as ExceptionEdit;
    expect(given().with(edit(changes)).state.fields).toEqual({ title: COMPLETE.title });
  });

  it('takes a derived score out of the record, and refuses another', () => {
    const draft = nothing().with({
      type: 'DraftException',
      fields: { title: 'x', likelihood: 'High', risk_score: 6 },
    });
    expect(draft.with(edit({ impact: 'Medium' })).state.fields).toEqual({
      title: 'x',
      likelihood: 'High',
      impact: 'Medium',
    });
    expect(draft.refuses(edit({ impact: 'Low' })).message).toContain(
      'give 3; leave it out (in an edit: null) or write 3',
    );
    expect(draft.with(edit({ impact: 'Low', risk_score: null })).state.fields).not.toHaveProperty(
      'risk_score',
    );
  });

  it('can change a duration for a date by taking the one away', () => {
    const draft = given({ requested_duration: 'P20D' });
    const expires_at = formatInstant(START + 10 * DAY);
    expect(draft.refuses(edit({ expires_at })).message).toContain(
      'in an edit, null takes one away',
    );
    expect(
      draft
        .with(edit({ expires_at, requested_duration: null }))
        .submitted()
        .approved().state.expires_at,
    ).toBe(START + 10 * DAY);
  });

  it('leaves a draft alone whose chosen end has passed, as long as it is no material edit', () => {
    const stale = given({ expires_at: formatInstant(START + DAY) }).after(2 * DAY);
    expect(stale.with(edit({ title: 'kept' })).state.fields.title).toBe('kept');
    expect(stale.refuses(edit({ category: 'data' })).code).toBe('end-refused');
    expect(stale.refuses({ type: 'SubmitException' }).code).toBe('end-refused');
  });

  it('cannot make the record larger than a record may be', () => {
    const half = Array.from({ length: 20 }, () => 'x'.repeat(LIMITS.text));
    const draft = given({ dependencies: half });
    const refusal = draft.refuses(edit({ compensating_controls: half }));
    expect(refusal).toMatchObject({ code: 'invalid-record', errors: [{ path: '' }] });
    expect(refusal.message).toMatch(/^the record has .* may have at most 262,144 \(256 KB\)$/);
  });
});

describe('material fields', () => {
  it('are all but these', () => {
    const names = Object.keys(exceptionFields.shape) as FieldName[];
    expect(names.filter((name) => !isMaterial(name)).sort()).toEqual(
      [
        'title',
        'adr_id',
        'telemetry',
        'dependencies',
        'evidence',
        'ticket_id',
        'owners',
        'artifacts',
        'external_ids',
      ].sort(),
    );
  });
});

describe('submitting', () => {
  it('records what the policy asks for, and until when', () => {
    expect(
      given()
        .after(3 * DAY)
        .submitted().state.request,
    ).toMatchObject({
      submitted_at: START + 3 * DAY,
      submitted_by: { id: REQUESTOR.id },
      lapses_at: START + 33 * DAY,
      policy: policyDigest(BUILT_IN_POLICY),
      requirements: [
        { role: 'security', count: 1, rule: 'review' },
        { role: 'domain-owner', count: 1, rule: 'review' },
        { role: 'ciso', count: 1, rule: 'high-severity' },
      ],
    });
  });
});
