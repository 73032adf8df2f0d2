import { afterAll, describe, expect, test } from 'vitest';
import { expectScimError, scimOf, USER } from '../support/scim-api.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
const { send, user, patch, find, person, events } = scimOf(api);

const ENTRA = {
  schemas: [USER, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
  externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
  userName: 'Test_User_ab6490ee@example.com',
  active: true,
  displayName: 'lennay',
  emails: [{ primary: true, type: 'work', value: 'Test_User_fd0ea19b@example.com' }],
  meta: { resourceType: 'User' },
  name: { formatted: 'givenName familyName', familyName: 'familyName', givenName: 'givenName' },
  roles: [],
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'Sales' },
};
const OKTA = {
  schemas: [USER],
  userName: 'test.user@okta.example',
  name: { givenName: 'Test', familyName: 'User' },
  emails: [{ primary: true, value: 'test.user@okta.example', type: 'work' }],
  displayName: 'Test User',
  locale: 'en-US',
  externalId: '00ujl29u0le5T6Aj10h7',
  groups: [],
  password: '1mz050nq',
  active: true,
};

describe('a user', () => {
  test('is created as Entra ID asks for it, found by its name in any case, and read again', async () => {
    const made = await send('POST', '/Users', ENTRA);
    expect(made.status, made.text).toBe(201);
    const { id } = made.body;
    const version = 'W/"1"';
    expect(made.headers).toMatchObject({ etag: version, location: made.body.meta.location });
    expect(made.body).toEqual({
      schemas: [USER],
      id,
      externalId: ENTRA.externalId,
      userName: ENTRA.userName,
      displayName: 'lennay',
      name: ENTRA.name,
      emails: ENTRA.emails,
      active: true,
      meta: {
        resourceType: 'User',
        created: expect.stringMatching(/Z$/),
        lastModified: made.body.meta.created,
        location: `http://localhost:7400/scim/v2/Users/${id}`,
        version,
      },
    });
    expect((await send('GET', `/Users/${id}`)).body).toEqual(made.body);
    for (const filter of [
      'userName eq "test_USER_ab6490ee@example.com"',
      `externalId eq "${ENTRA.externalId}"`,
      'emails[type eq "work"].value eq "test_user_fd0ea19b@example.com"',
      'emails.value co "FD0EA19B" and active eq true',
      'not (userName sw "x") and (displayName eq "LENNAY" or name.familyName pr)',
      `meta.created ge "2020-01-01T00:00:00+02:00" and id eq "${id}"`,
      `${USER}:userName ew "ab6490ee@example.com"`,
    ]) {
      const { body } = await find('Users', filter);
      expect({ filter, total: body.totalResults }).toEqual({ filter, total: 1 });
      expect(body.Resources).toEqual([made.body]);
    }
    const none = await find('Users', 'userName eq "nobody"');
    expect(none.body).toMatchObject({ totalResults: 0, itemsPerPage: 0, Resources: [] });
    expect(await person(id)).toMatchObject({
      name: 'lennay',
      email: 'Test_User_fd0ea19b@example.com',
      user_name: ENTRA.userName,
      external_id: ENTRA.externalId,
      roles: ['requestor'],
      source: 'scim',
    });
  });

  test('is created as Okta asks for it, without the password, and replaced', async () => {
    const made = await send('POST', '/Users', OKTA);
    expect(made.status, made.text).toBe(201);
    expect(made.text).not.toContain(OKTA.password);
    const { rows } = await api.admin.query(
      "SELECT count(*)::int AS count FROM lapse.event_payloads WHERE position('1mz050nq' in payload) > 0",
    );
    expect(rows[0].count).toBe(0);
    const put = { ...OKTA, id: made.body.id, name: { givenName: 'Another', familyName: 'User' } };
    const changed = await send('PUT', `/Users/${made.body.id}`, { ...put, displayName: 'Another' });
    expect(changed.body).toMatchObject({ displayName: 'Another', name: put.name });
    expect((await person(made.body.id)).name).toBe('Another');
    const before = await events();
    const again = await send('PUT', `/Users/${made.body.id}`, { ...put, displayName: 'Another' });
    expect(again.body).toEqual(changed.body);
    expect(await events()).toBe(before);
  });

  test('is changed by the patches that Entra ID sends', async () => {
    const id = await user('Entra@example.com', {
      emails: [{ type: 'work', value: 'entra@example.com', primary: true }],
    });
    const changed = await patch(
      `/Users/${id}`,
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updated@example.com' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      { op: 'Add', path: 'emails[type eq "home"].value', value: 'home@example.com' },
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'x' },
      { op: 'Add', path: 'addresses[type eq "work"].streetAddress', value: 'x' },
      {
        op: 'Add',
        path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
        value: 'x',
      },
      { op: 'Add', value: { 'name.givenName': 'G', displayName: 'Updated' } },
      { op: 'Replace', path: 'active', value: 'False' },
    );
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body).toMatchObject({
      active: false,
      displayName: 'Updated',
      name: { givenName: 'G', familyName: 'updatedFamilyName' },
      emails: [
        { type: 'work', value: 'updated@example.com', primary: true },
        { type: 'home', value: 'home@example.com' },
      ],
    });
    expect(await person(id)).toMatchObject({ active: false, email: 'updated@example.com' });
    const back = await patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'True' });
    expect(back.body.active).toBe(true);
    await patch(`/Users/${id}`, { op: 'Remove', path: 'emails[type eq "home"]' });
    await patch(`/Users/${id}`, { op: 'remove', path: 'name' });
    const { body } = await send('GET', `/Users/${id}`);
    expect(body.emails).toHaveLength(1);
    expect(body.name).toBeUndefined();
    const before = await events();
    await patch(`/Users/${id}`, { op: 'Replace', path: 'displayName', value: 'Updated' });
    expect(await events()).toBe(before);
  });

  test('is deactivated by the patch that Okta sends', async () => {
    const id = await user('okta-leaver@example.com');
    const left = await patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
    expect(left.body.active).toBe(false);
    expect((await person(id)).active).toBe(false);
  });

  test('that is deleted is deactivated, is no user any more, and may come back', async () => {
    const id = await user('gone@example.com', { externalId: 'gone-1' });
    const body = { name: 'hers', role: 'requestor', email: 'Gone@example.com' };
    const { token } = (await api.send('POST', '/v1/tokens', { as: 'administrator', body })).body;
    expect((await send('DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await api.send('GET', '/v1/exceptions', { token })).status).toBe(401);
    expectScimError(await send('GET', `/Users/${id}`), 404);
    expectScimError(await send('DELETE', `/Users/${id}`), 404);
    expect((await find('Users', 'userName eq "gone@example.com"')).body.totalResults).toBe(0);
    expect(await person(id)).toMatchObject({ active: false, email: 'gone@example.com' });
    expect(await user('gone@example.com', { externalId: 'gone-1' })).toBe(id);
    expect(await person(id)).toMatchObject({ active: true, roles: ['requestor'] });
  });

  test('is a person whom Lapse knows by the address, with their roles', async () => {
    const body = { name: 'Known', email: 'known@example.com', roles: ['ciso'] };
    const known = (await api.send('POST', '/v1/people', { as: 'administrator', body })).body;
    expect((await find('Users', 'emails.value eq "known@example.com"')).body.totalResults).toBe(0);
    expectScimError(await send('GET', `/Users/${known.person_id}`), 404);
    const id = await user('known', { emails: [{ value: 'KNOWN@example.com' }] });
    expect(id).toBe(known.person_id);
    expect(await person(id)).toMatchObject({ roles: ['ciso'], source: 'administrator' });
    const rename = { as: 'administrator', body: { name: 'By hand' } } as const;
    expect((await api.send('PATCH', `/v1/people/${id}`, rename)).status).toBe(409);
    const roles = { as: 'administrator', body: { roles: ['requestor'] } } as const;
    expect((await api.send('PATCH', `/v1/people/${id}`, roles)).status).toBe(200);
  });

  test('whom an administrator has deactivated, the directory does not let in', async () => {
    const id = await user('barred@example.com');
    const as = 'administrator';
    const body = { reason: 'compromised' };
    await api.send('POST', `/v1/people/${id}/deactivate`, { as, body });
    expectScimError(await patch(`/Users/${id}`, { op: 'replace', value: { active: true } }), 409);
    expect((await person(id)).active).toBe(false);
    await api.send('POST', `/v1/people/${id}/reactivate`, { as, body });
    expect((await person(id)).active).toBe(true);
    await patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
    const byHand = await api.send('POST', `/v1/people/${id}/reactivate`, { as, body });
    expect(byHand.status).toBe(409);
  });
});

describe('lists', () => {
  test('have pages from 1, a count, and the attributes that are asked for', async () => {
    const all = (await send('GET', '/Users')).body;
    expect(all.totalResults).toBeGreaterThan(3);
    const second = (await send('GET', '/Users?startIndex=2&count=2')).body;
    expect(second).toMatchObject({
      startIndex: 2,
      itemsPerPage: 2,
      totalResults: all.totalResults,
    });
    expect(second.Resources).toEqual(all.Resources.slice(1, 3));
    const none = (await send('GET', '/Users?count=0&startIndex=-3')).body;
    expect(none).toMatchObject({ startIndex: 1, itemsPerPage: 0, totalResults: all.totalResults });
    const names = (await send('GET', '/Users?attributes=userName&count=1')).body.Resources[0];
    expect(Object.keys(names).sort()).toEqual(['id', 'schemas', 'userName']);
    expectScimError(await send('GET', '/Users?count=many'), 400, 'invalidSyntax');
  });
});

describe('a change with If-Match', () => {
  test('of an older version is refused, of the newest passes', async () => {
    const id = await user('etag@example.com');
    const put = (userName: string, etag: string) =>
      send('PUT', `/Users/${id}`, { userName }, { headers: { 'if-match': etag } });
    expect((await put('etag2@example.com', 'W/"1"')).headers.etag).toBe('W/"2"');
    expectScimError(await put('etag3@example.com', 'W/"1"'), 412);
    expectScimError(await put('etag3@example.com', 'nonsense'), 412);
    const drop = { headers: { 'if-match': 'W/"1"' } };
    expectScimError(await send('DELETE', `/Users/${id}`, undefined, drop), 412);
  });
});
