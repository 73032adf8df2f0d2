import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  alsoOwnedBy,
  askingFor,
  delegation,
  EDITOR,
  given,
  personOf,
  REQUESTOR,
  SECOND_APPROVER,
  START,
  type Story,
  TWO_APPROVERS,
} from '../../../test/support/given.ts';
import type { Actor } from '../access/actor.ts';
import type { Classification } from '../access/clearance.ts';
import type { Delegation } from '../delegation/delegation.ts';
import { DAY } from '../schedule/instant.ts';
import { waitsFor } from './approval-standing.ts';
import { firstApprovers } from './chain-place.ts';
import { suggestApprovers } from './suggested-approvers.ts';

const CISO = personOf('ciso');
const DPO = personOf('dpo');
const SECURITY = personOf('security');
const APPROVERS = [APPROVER, SECOND_APPROVER, EDITOR, CISO, DPO, SECURITY];
const CISO_ALONE = askingFor([{ role: 'ciso' }]);
const CISO_AND_DPO = askingFor([{ role: 'ciso' }, { role: 'dpo' }]);

const people = (...delegations: Delegation[]) => ({ approvers: APPROVERS, delegations });
const approve = (more: object = {}) =>
  ({ type: 'ApproveException', reason: 'the risk is contained', ...more }) as const;

/** A request among people who act for one another. */
function request(policy: Story['policy'], ...delegations: Delegation[]): Story {
  return given({}, policy)
    .submitted()
    .among(people(...delegations));
}

describe('a delegate', () => {
  it('approves in the role of whoever delegated it, and the approval says for whom', () => {
    const approved = request(CISO_ALONE, delegation(CISO, DPO)).with(approve(), DPO);
    expect(approved.state.status).toBe('Approved');
    expect(approved.state.approvals).toMatchObject([
      {
        role: 'ciso',
        by: { id: 'the-dpo' },
        on_behalf_of: {
          delegation_id: 'dlg_the-ciso_the-dpo',
          id: 'the-ciso',
          name: 'The ciso',
          email: 'the-ciso@example.com',
        },
      },
    ]);
    // The role stays with whose it is.
    expect(firstApprovers(approved.state)).toEqual([
      { role: 'ciso', id: 'the-ciso', name: 'The ciso', email: 'the-ciso@example.com' },
    ]);
  });

  it('approves in the own role first, and for another where that is said', () => {
    const both = request(CISO_AND_DPO, delegation(CISO, DPO));
    expect(both.with(approve(), DPO).state.approvals).toMatchObject([{ role: 'dpo' }]);
    const [forCiso] = both.with(approve({ for: 'the-ciso@example.com' }), DPO).state.approvals;
    expect(forCiso).toMatchObject({ role: 'ciso', on_behalf_of: { id: 'the-ciso' } });
  });

  it.each<[string, Partial<Delegation>]>([
    ['before its start', { starts_at: START + 1 }],
    ['after its end', { starts_at: START - 10 * DAY, until: START }],
    ['once it was ended', { ended: { at: START, by: CISO } }],
  ])('approves nothing %s', (_, more) => {
    const story = request(CISO_ALONE, delegation(CISO, DPO, more));
    expect(story.refuses(approve(), DPO).code).toBe('not-permitted');
    const named = story.refuses(approve({ for: CISO.id }), DPO);
    expect(named.code).toBe('not-permitted');
    expect(named.message).toContain('has delegated no role to you at this time');
    expect(
      waitsFor(story.state, DPO, { ...story, people: people(delegation(CISO, DPO, more)) }),
    ).toEqual([]);
  });

  it('loses it as time passes, without anybody doing anything', () => {
    const story = request(CISO_ALONE, delegation(CISO, DPO));
    expect(story.after(10 * DAY - 1).gives(approve(), DPO)).toHaveLength(2);
    expect(story.after(10 * DAY).refuses(approve(), DPO).code).toBe('not-permitted');
  });

  it('has no role that whoever delegated it has not any more', () => {
    const left = { approvers: [DPO], delegations: [delegation(CISO, DPO)] };
    const story = request(CISO_ALONE).among(left);
    expect(story.refuses(approve(), DPO).code).toBe('not-permitted');
  });

  it('does not hand it on', () => {
    const chain = [delegation(CISO, DPO), delegation(DPO, APPROVER)];
    expect(request(CISO_ALONE, ...chain).refuses(approve(), APPROVER).code).toBe('not-permitted');
  });
});

describe("a requestor's delegate is a requestor too", () => {
  it.each<[string, Delegation]>([
    ['whom the requestor delegated to', delegation({ ...REQUESTOR, role: 'approver' }, CISO)],
    ['whom the requestor acts for', delegation(CISO, { ...REQUESTOR, role: 'approver' })],
  ])('so that nobody approves %s', (_, given) => {
    const story = request(CISO_ALONE, given);
    const refused = story.refuses(approve(), CISO);
    expect(refused.code).toBe('self-approval');
    expect(refused.message).toContain("a requestor's delegate is a requestor too");
    expect(story.after(10 * DAY).gives(approve(), CISO)).toHaveLength(2);
  });

  it('nor anybody who acts for them', () => {
    const requestor = { ...REQUESTOR, role: 'approver' } as const;
    const story = request(CISO_ALONE, delegation(requestor, CISO), delegation(CISO, DPO));
    expect(story.refuses(approve(), DPO).code).toBe('self-approval');
  });

  it('nor the requestor for somebody else', () => {
    const requestor = { ...REQUESTOR, role: 'approver' } as const;
    const story = request(CISO_ALONE, delegation(CISO, requestor));
    expect(story.refuses(approve(), requestor).code).toBe('self-approval');
  });

  it('which holds of whoever wrote a part of it as well', () => {
    const edited = given(alsoOwnedBy(EDITOR), CISO_ALONE).with(
      { type: 'EditException', changes: { justification: 'because', adr_id: 'ADR-2' } },
      EDITOR,
    );
    const story = edited.submitted().among(people(delegation(EDITOR, CISO)));
    expect(story.refuses(approve(), CISO).code).toBe('self-approval');
  });
});

describe('one person fills one role', () => {
  it.each<[string, Actor, object, Actor, object]>([
    ['the delegate, after the own role', DPO, {}, DPO, { for: CISO.id }],
    ['the delegate in the own role, after the other', DPO, { for: CISO.id }, DPO, {}],
    ['whoever delegated, after their delegate', DPO, { for: CISO.id }, CISO, {}],
    ['the delegate, after whoever delegated', CISO, {}, DPO, { for: CISO.id }],
  ])('not %s', (_, first, terms, second, more) => {
    const story = request(CISO_AND_DPO, delegation(CISO, DPO)).with(approve(terms), first);
    expect(story.refuses(approve(more), second).code).toBe('already-approved');
  });

  it('nor two delegates of one person', () => {
    const story = request(
      askingFor([{ role: 'ciso', count: 2 }]),
      delegation(CISO, DPO),
      delegation(CISO, SECURITY),
    ).with(approve(), DPO);
    expect(story.refuses(approve(), SECURITY).code).toBe('already-approved');
  });

  it('and two who act for one another are two in different roles alone', () => {
    const two = request(TWO_APPROVERS, delegation(APPROVER, SECOND_APPROVER));
    const once = two.with(approve(), APPROVER);
    const refused = once.refuses(approve(), SECOND_APPROVER);
    expect(refused.code).toBe('already-approved');
    expect(refused.message).toContain('the two of you count as one person');
    expect(once.with(approve(), EDITOR).state.status).toBe('Approved');
    const different = request(CISO_AND_DPO, delegation(CISO, DPO)).with(approve(), CISO);
    expect(different.with(approve(), DPO).state.status).toBe('Approved');
  });
});

describe('suggested approvers', () => {
  const suggested = (story: Story, ...delegations: Delegation[]) =>
    suggestApprovers(story.state, { ...story, people: people(...delegations) }).map(
      ({ requirement, approvers }) => [
        requirement.role,
        approvers.map(({ name, delegates }) => [name, ...delegates.map((one) => one.name)]),
      ],
    );

  it('are all who have the role, with who acts for them', () => {
    const story = request(CISO_AND_DPO);
    expect(suggested(story)).toEqual([
      ['ciso', [['The ciso']]],
      ['dpo', [['The dpo']]],
    ]);
    expect(suggested(story, delegation(CISO, APPROVER))).toEqual([
      ['ciso', [['The ciso', 'L. Okoye']]],
      ['dpo', [['The dpo']]],
    ]);
  });

  it('are nobody whose approval would be refused', () => {
    const approverToo = { ...REQUESTOR, role: 'approver' } as const;
    const two = request(TWO_APPROVERS);
    const all = [['C. Dumas'], ['J. Chen'], ['L. Okoye']];
    expect(suggested(two)).toEqual([['approver', all]]);
    expect(suggested(two, delegation(approverToo, APPROVER))).toEqual([
      ['approver', [['C. Dumas'], ['J. Chen']]],
    ]);
    expect(suggested(two.with(approve(), EDITOR))).toEqual([
      ['approver', [['J. Chen'], ['L. Okoye']]],
    ]);
    expect(suggested(two.with(approve(), EDITOR), delegation(EDITOR, APPROVER))).toEqual([
      ['approver', [['J. Chen']]],
    ]);
  });

  it('are a person once, however many tokens they have, and a number beyond the first 20', () => {
    const story = request(CISO_ALONE);
    const token = (n: number, email: string): Actor => ({
      ...{ id: `t${n}`, name: `C ${n}`, email },
      role: 'ciso',
    });
    const of = (approvers: readonly Actor[]) =>
      suggestApprovers(story.state, { ...story, people: { approvers, delegations: [] } })[0];
    const twice = of([token(1, 'a@example.com'), token(2, 'A@example.com')]);
    expect(twice).toMatchObject({ approvers: [{ id: 't1' }], others: 0 });
    const many = of(Array.from({ length: 25 }, (_, n) => token(n, `${n}@example.com`)));
    expect(many?.approvers).toHaveLength(20);
    expect(many?.others).toBe(5);
  });

  it('are cleared for what they would decide on, and so is who acts for them', () => {
    const story = request(CISO_ALONE);
    const of = (ciso: Classification, delegate: Classification) => {
      const approvers = [
        { ...CISO, clearance: ciso },
        { ...APPROVER, clearance: delegate },
      ];
      const delegations = [delegation(CISO, APPROVER)];
      const [found] = suggestApprovers(story.state, {
        ...story,
        people: { approvers, delegations },
      });
      return found?.approvers.map(({ name, delegates }) => [
        name,
        ...delegates.map((one) => one.name),
      ]);
    };
    expect(of('restricted', 'confidential')).toEqual([['The ciso', 'L. Okoye']]);
    expect(of('restricted', 'internal')).toEqual([['The ciso']]);
    expect(of('internal', 'confidential')).toEqual([]);
  });

  it('are none where nothing waits', () => {
    expect(suggested(given())).toEqual([]);
  });
});
