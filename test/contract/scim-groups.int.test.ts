import { afterAll, describe, expect, test } from 'vitest';
import { makeSignInLink } from '../../src/features/identity/sign-in-link.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { expectScimError, GROUP, scimOf } from '../support/scim-api.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
const { send, user, group, patch, find, map, person, events } = scimOf(api);
const as = 'administrator';

const membersOf = async (id: string): Promise<string[]> => {
  const { body } = await send('GET', `/Groups/${id}`);
  return (body.members ?? []).map(({ value }: { value: string }) => value);
};

describe('a group', () => {
  test('is created, found, renamed and emptied as Entra ID asks for it', async () => {
    const [a, b] = [await user('ga@example.com'), await user('gb@example.com')];
    const made = await send('POST', '/Groups', {
      schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
      displayName: 'displayName',
      meta: { resourceType: 'Group' },
    });
    expect(made.status, made.text).toBe(201);
    const { id } = made.body;
    const found = await find('Groups', 'displayName eq "DISPLAYNAME"');
    expect(found.body.Resources).toEqual([made.body]);
    await patch(`/Groups/${id}`, {
      op: 'Add',
      path: 'members',
      value: [
        { $ref: null, value: a },
        { $ref: null, value: b },
      ],
    });
    expect(await membersOf(id)).toEqual([a, b].sort());
    for (const filter of [
      `members.value eq "${a}"`,
      `members[value eq "${a}"]`,
      `members eq "${a}"`,
    ])
      expect((await find('Groups', filter)).body.totalResults).toBe(1);
    const slim = (await send('GET', `/Groups/${id}?excludedAttributes=members`)).body;
    expect(slim.members).toBeUndefined();
    expect((await send('GET', `/Users/${a}`)).body.groups).toMatchObject([{ value: id }]);
    await patch(`/Groups/${id}`, {
      op: 'Remove',
      path: 'members',
      value: [{ $ref: null, value: a }],
    });
    expect(await membersOf(id)).toEqual([b]);
    await patch(`/Groups/${id}`, { op: 'Remove', path: `members[value eq "${b}"]` });
    expect(await membersOf(id)).toEqual([]);
    const before = await events();
    await patch(`/Groups/${id}`, { op: 'Remove', path: `members[value eq "${b}"]` });
    expect(await events()).toBe(before);
    const renamed = await patch(`/Groups/${id}`, {
      op: 'Replace',
      path: 'displayName',
      value: 'N',
    });
    expect(renamed.body.displayName).toBe('N');
    expect((await send('DELETE', `/Groups/${id}`)).status).toBe(204);
    expectScimError(await send('GET', `/Groups/${id}`), 404);
    expect((await find('Groups', 'displayName eq "n"')).body.totalResults).toBe(0);
  });

  test('is changed by the patches that Okta sends', async () => {
    const [a, b] = [await user('oa@example.com'), await user('ob@example.com')];
    const id = await group('Okta group', [a]);
    const display = 'ob@example.com';
    await patch(
      `/Groups/${id}`,
      { op: 'replace', value: { id, displayName: 'Renamed' } },
      { op: 'add', path: 'members', value: [{ value: b, display }] },
      { op: 'remove', path: `members[value eq "${a}"]` },
    );
    const { body } = await send('GET', `/Groups/${id}`);
    expect(body).toMatchObject({ displayName: 'Renamed', members: [{ value: b }] });
    await patch(`/Groups/${id}`, { op: 'replace', path: 'members', value: [{ value: a }] });
    expect(await membersOf(id)).toEqual([a]);
    const put = { schemas: [GROUP], displayName: 'Put', members: [{ value: a }, { value: b }] };
    expect((await send('PUT', `/Groups/${id}`, put)).body.members).toHaveLength(2);
  });

  test('loses a member who is deleted, and keeps one who is deactivated', async () => {
    const [a, b] = [await user('la@example.com'), await user('lb@example.com')];
    const id = await group('Leavers', [a, b]);
    await send('DELETE', `/Users/${a}`);
    await patch(`/Users/${b}`, { op: 'replace', value: { active: false } });
    expect(await membersOf(id)).toEqual([b]);
  });

  test('with members that are none, or groups, is refused', async () => {
    const [one, two] = [await group('One'), await group('Two')];
    const before = await events();
    for (const value of ['per_01ARZ3NDEKTSV4RRFFQ69G5FAV', "'; --", one, two]) {
      const body = { displayName: 'x', members: [{ value }] };
      expectScimError(await send('PUT', `/Groups/${one}`, body), 400, 'invalidValue');
      expectScimError(await send('POST', '/Groups', body), 400, 'invalidValue');
    }
    expectScimError(await send('POST', '/Groups', {}), 400, 'invalidValue');
    const many = Array.from({ length: 10_001 }, (_, index) => ({ value: `per_${index}` }));
    const body = { displayName: 'x', members: many };
    expectScimError(await send('POST', '/Groups', body), 400, 'tooMany');
    expect(await events()).toBe(before);
  });

  test('whose members change twice at once keeps both changes', async () => {
    const [a, b] = [await user('ta@example.com'), await user('tb@example.com')];
    const id = await group('At once');
    const add = (value: string) =>
      patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value }] });
    await Promise.all([add(a), add(b)]);
    expect(await membersOf(id)).toEqual([a, b].sort());
  });
});

describe('roles by group', () => {
  test('are those of all groups together, follow members, and cannot be set by hand', async () => {
    const [a, b] = [await user('ra@example.com'), await user('rb@example.com')];
    const [risk, law] = [await group('Risk', [a]), await group('Law', [a, b])];
    expect((await person(b)).roles).toEqual(['requestor']);
    const mapped = await map(risk, ['security', 'approver'], 'restricted');
    expect(mapped.body).toMatchObject({ members: 1, access: { clearance: 'restricted' } });
    expect(await person(a)).toMatchObject({
      roles: ['approver', 'security'],
      clearance: 'restricted',
    });
    // Whom the directory keeps, and no mapped group holds, has nothing.
    expect(await person(b)).toMatchObject({ roles: [], clearance: 'public' });
    await map(law, ['dpo', 'approver'], 'confidential');
    expect(await person(a)).toMatchObject({
      roles: ['approver', 'security', 'dpo'],
      clearance: 'confidential',
    });
    await patch(`/Groups/${law}`, { op: 'remove', path: `members[value eq "${a}"]` });
    expect((await person(a)).roles).toEqual(['approver', 'security']);
    const body = { roles: ['requestor'] };
    const byHand = await api.send('PATCH', `/v1/people/${a}`, { as, body });
    expectProblem(byHand, 409, 'wrong-state');
    expect(await person(await user('rc@example.com'))).toMatchObject({ roles: [] });
    const before = await events();
    await map(law, ['dpo', 'approver'], 'confidential');
    expect(await events()).toBe(before);
    await send('DELETE', `/Groups/${risk}`);
    expect((await person(a)).roles).toEqual([]);
    await api.send('DELETE', `/v1/groups/${law}/access`, { as });
    expect((await person(b)).roles).toEqual([]);
    expect((await api.send('PATCH', `/v1/people/${a}`, { as, body })).body.roles).toEqual(
      body.roles,
    );
  });

  test('that are gone end what a session may do', async () => {
    const id = await user('session@example.com');
    const readers = await group('Readers', [id]);
    await map(readers, ['auditor']);
    const path = await api.register.db.inSystem((tx) =>
      makeSignInLink(tx, api.tenantId, { email: 'session@example.com', now: Date.now() }),
    );
    const headers = { origin: 'http://localhost:7400' };
    const signedIn = await api.send('POST', path, { headers });
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const me = () => api.send('GET', '/v1/me', { headers: { cookie } });
    expect((await me()).body.roles).toEqual(['auditor']);
    await patch(`/Groups/${readers}`, { op: 'remove', path: 'members' });
    expectProblem(await me(), 401, 'unauthenticated');
    await api.send('DELETE', `/v1/groups/${readers}/access`, { as });
  });

  test.each([
    ['a role that does not exist', { roles: ['root'] }, 'roles.0'],
    ['a role of machines', { roles: ['directory'] }, 'roles.0'],
    ['a role twice', { roles: ['ciso', 'ciso'] }, 'roles'],
    ['no roles', {}, 'roles'],
    ['a clearance that does not exist', { roles: [], clearance: 'top' }, 'clearance'],
  ])('with %s are refused', async (_, body, path) => {
    const url = `/v1/groups/${await group('Refused')}/access`;
    const answer = await api.send('PUT', url, { as, body });
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors[0].path).toBe(path);
  });
});

describe('the last administrator', () => {
  test('is left by no user, group or mapping', async () => {
    const { body: people } = await api.send('GET', '/v1/people?limit=200', { as });
    const administrators = people.items.filter((one: { roles: string[] }) =>
      one.roles.includes('administrator'),
    );
    expect(administrators).toEqual([]);
    const [a, b] = [await user('last@example.com'), await user('other@example.com')];
    const admins = await group('Admins', [a]);
    const others = await group('Others', [b]);
    await map(admins, ['administrator']);
    const before = await events();
    const deactivate = { op: 'Replace', path: 'active', value: 'False' };
    for (const refused of [
      await patch(`/Users/${a}`, deactivate),
      await send('PUT', `/Users/${a}`, { userName: 'last@example.com', active: false }),
      await send('DELETE', `/Users/${a}`),
      await send('DELETE', `/Groups/${admins}`),
      await patch(`/Groups/${admins}`, { op: 'Remove', path: `members[value eq "${a}"]` }),
      await send('PUT', `/Groups/${admins}`, { displayName: 'Admins', members: [] }),
    ]) {
      expectScimError(refused, 409);
      expect(refused.body.detail).toContain('is the last administrator');
    }
    expectProblem(await map(admins, ['ciso']), 409, 'wrong-state');
    const unmap = await api.send('DELETE', `/v1/groups/${admins}/access`, { as });
    expectProblem(unmap, 409, 'wrong-state');
    expect(await events()).toBe(before);
    // One who comes as another goes is no loss.
    const swap = { displayName: 'Admins', members: [{ value: b }] };
    expect((await send('PUT', `/Groups/${admins}`, swap)).status).toBe(200);
    expect((await person(a)).roles).toEqual([]);
    expect((await person(b)).roles).toEqual(['administrator']);
    await map(others, ['administrator']);
    expect((await send('DELETE', `/Groups/${admins}`)).status).toBe(200 + 4);
    expect((await person(b)).roles).toEqual(['administrator']);
  });

  test('is not lost where two leave in one change', async () => {
    const [c, d] = [await user('pair1@example.com'), await user('pair2@example.com')];
    const pair = await group('Pair', [c, d]);
    await map(pair, ['administrator']);
    const { items } = (await api.send('GET', '/v1/groups?limit=200', { as })).body;
    const others = items.find(({ name }: { name: string }) => name === 'Others');
    await api.send('DELETE', `/v1/groups/${others.group_id}/access`, { as });
    expectScimError(await patch(`/Groups/${pair}`, { op: 'remove', path: 'members' }), 409);
    expect(await membersOf(pair)).toHaveLength(2);
  });
});

describe('the ledger', () => {
  const verified = async () => {
    const { text } = await api.send('GET', '/v1/ledger/verification', { as });
    return JSON.parse(text.trim().split('\n').at(-1) ?? '').result;
  };

  test('has everything that the directory did, and it folds to what is stored', async () => {
    expect(await verified()).toMatchObject({ ok: true, findings: [] });
  });

  test.each([
    [
      'a member put in',
      "INSERT INTO lapse.group_members SELECT tenant_id, group_id, 'per_x' FROM lapse.groups WHERE active LIMIT 1",
    ],
    ['a group given roles', 'UPDATE lapse.groups SET mapped = NOT mapped WHERE active'],
    [
      'a user given another name',
      "UPDATE lapse.people SET user_name = 'x' WHERE email = 'last@example.com'",
    ],
  ])('shows %s behind it', async (_, sql) => {
    await api.admin.query(sql);
    const { ok, findings } = await verified();
    expect(ok).toBe(false);
    expect(findings.length).toBeGreaterThan(0);
  });
});
