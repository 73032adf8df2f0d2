import { describe, expect, it } from 'vitest';
import { assigning, read, TENANT } from './import.fixture.ts';

const OWN_ID = 'EXC_01ARZ3NDEKTSV4RRFFQ69G5FAV';
const UUID = '0b5a5a0e-6b0a-4c8e-9d5e-0a4b5c6d7e8f';

describe('ids', () => {
  it('of Lapse are kept', () => {
    const { draft, notes, problems } = read({ exception_id: OWN_ID });
    expect({ id: draft?.exceptionId, notes, problems }).toEqual({
      id: OWN_ID,
      notes: [],
      problems: [],
    });
    expect(draft?.keys.map(({ key }) => key)).toEqual([`id:${OWN_ID}`]);
  });

  it('that are UUIDs go to external_ids with a note', () => {
    const { draft, notes } = read({ exception_id: UUID });
    expect(draft?.exceptionId).toBeUndefined();
    expect(draft?.fields.external_ids).toEqual([UUID]);
    expect(notes).toEqual([
      `exception_id: the UUID ${UUID} is kept in external_ids, and Lapse makes an id`,
    ]);
  });

  it.each([
    ['EXC_01J6M9M5Y0Q2H6W2QF9Q1V', '(22 characters after EXC_ instead of 26)'],
    ['EXC_81ARZ3NDEKTSV4RRFFQ69G5FAV', 'is not EXC_ and a valid ULID;'],
    ['exc_01arz3ndektsv4rrffq69g5fav', 'is not EXC_ and a valid ULID;'],
    ['TICKET-1', 'EXC_ and a ULID of 26 characters would pass, or a UUID'],
  ])('such as %s are refused, and kept with assign', (id, words) => {
    const refused = read({ exception_id: id });
    expect(refused.draft).toBeUndefined();
    expect(refused.problems).toEqual([expect.stringContaining(words)]);
    const { draft, notes } = read({ exception_id: id }, assigning);
    expect(draft?.fields.external_ids).toEqual([id]);
    expect(draft?.keys.map(({ key }) => key)).toEqual([`id:${id}`]);
    expect(notes).toEqual([expect.stringContaining('it is kept in external_ids')]);
  });

  it.each([7, [], {}, 'x'.repeat(301), 'a\0b', '\ud800'])('%j is none, assign or not', (id) => {
    expect(read({ exception_id: id }).problems).toHaveLength(1);
    expect(read({ exception_id: id }, assigning).problems).toHaveLength(1);
  });
});

describe('tenants', () => {
  it("pass as the caller's own, which is not stored", () => {
    const { draft, problems } = read({ tenant_org: TENANT });
    expect(problems).toEqual([]);
    expect(draft?.fields).toEqual({ title: 'A' });
  });

  it.each(['01H9Z3C2S6W5R4T3Q2P1', '01ARZ3NDEKTSV4RRFFQ69G5FAW'])('such as %s do not', (id) => {
    expect(read({ tenant_org: id }).problems).toEqual([
      `tenant_org: "${id}" is not your tenant; ${TENANT} would pass, or leaving it out; with assign it is kept in external_ids`,
    ]);
    const { draft } = read({ tenant_org: id }, assigning);
    expect(draft?.fields.external_ids).toEqual([`tenant_org:${id}`]);
    expect(draft?.keys).toEqual([{ key: expect.stringMatching(/^digest:/), path: [] }]);
  });
});

describe('claims', () => {
  const approvals = [{ role: 'CISO', name: 'L. Okoye', decision: 'approve' }];

  it('are refused, and kept unverified with assign', () => {
    expect(read({ status: 'Approved', approvals }).problems).toEqual([
      'status: claims "Approved", but an import makes drafts; Draft would pass, or leaving it out; with assign it is kept as an unverified claim',
      'approvals: claims 1 approval, but an import makes drafts that are approved here; leave them out, or import with assign, which keeps them as unverified claims',
    ]);
    const { draft, notes } = read({ status: 'Approved', approvals }, assigning);
    expect(draft?.claims).toEqual({ status: 'Approved', approvals });
    expect(notes).toHaveLength(2);
  });

  it('are not made by a draft without approvals', () => {
    const { draft, notes, problems } = read({ status: 'Draft', approvals: [], kind: 'time-boxed' });
    expect({ claims: draft?.claims, notes, problems }).toEqual({ notes: [], problems: [] });
  });

  it.each([
    ['approvals', { role: 'CISO' }],
    ['approvals', ['yes']],
    ['approvals', Array(201).fill({})],
    ['approvals', [{ name: '\ud800' }]],
    ['status', 3],
    ['kind', 'permanent'],
    ['renews', OWN_ID],
    ['renewal_number', 0],
  ])('of another form are refused with assign too: %s', (key, value) => {
    const { draft, problems } = read({ [key]: value }, assigning);
    expect(draft).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${key}: `))]);
  });

  it('count towards the size of the record', () => {
    const many = Array(100).fill({ name: 'x'.repeat(2_600) });
    const { problems } = read({ approvals: many, justification: 'x'.repeat(8_000) }, assigning);
    expect(problems).toEqual([expect.stringContaining('(256 KB)')]);
  });
});
