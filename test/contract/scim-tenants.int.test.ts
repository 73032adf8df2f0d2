import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectScimError, scimOf } from '../support/scim-api.ts';
import { createTestApi, type TestTenant } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
const scim = scimOf(api);
let other: TestTenant;
const ids = { User: '', Group: '' };

beforeAll(async () => {
  other = await api.addTenant();
  ids.User = await scim.user('ours@example.com', { externalId: 'ours' });
  ids.Group = await scim.group('Ours', [ids.User]);
});

const asOther = (method: string, path: string, body?: unknown) =>
  scim.send(method, path, body, { token: other.tokens.directory });

const resources = api.routes.filter(({ url }) => /^\/scim\/v2\/(Users|Groups)\/:id$/.test(url));
const PATCH = {
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'replace', path: 'displayName', value: 'Theirs' }],
};
const BODIES: Readonly<Record<string, unknown>> = {
  'PUT User': { userName: 'theirs@example.com' },
  'PUT Group': { displayName: 'Theirs' },
  'PATCH User': PATCH,
  'PATCH Group': PATCH,
};

test('there are routes to check', () => {
  expect(resources.length).toBeGreaterThanOrEqual(8);
});

describe.each(resources.map((route) => [`${route.method} ${route.url}`, route] as const))(
  '%s',
  (_, { method, url }) => {
    const kind = url.includes('Users') ? 'User' : 'Group';
    const body = BODIES[`${method} ${kind}`];

    test('does not know what another tenant has, and answers as for what nobody has', async () => {
      const before = await scim.events();
      const path = (id: string) => url.replace('/scim/v2', '').replace(':id', id);
      const theirs = await asOther(method, path(ids[kind]), body);
      const nobodys = await asOther(method, path(`${ids[kind].slice(0, -3)}ZZZ`), body);
      expect([theirs.status, nobodys.status]).toEqual([404, 404]);
      if (method !== 'HEAD') {
        expectScimError(theirs, 404);
        const shape = (text: string) => text.replaceAll(/[a-z]{3}_\w{26}/g, 'ID');
        expect(shape(theirs.text)).toBe(shape(nobodys.text));
      }
      expect(await scim.events()).toBe(before);
    });

    test('of an id of another kind, or that is none, is 404', async () => {
      const wrong = kind === 'User' ? ids.Group : ids.User;
      for (const id of [wrong, 'x', '%00', "'%20OR%201=1", '..%2f..', 'x'.repeat(9_000)]) {
        const path = url.replace('/scim/v2', '').replace(':id', id);
        expect((await scim.send(method, path, body)).status).toBe(404);
      }
    });
  },
);

test('another tenant lists nothing of ours, and may use the same names', async () => {
  for (const path of ['/Users', '/Groups', '/Users?filter=userName%20eq%20%22ours@example.com%22'])
    expect((await asOther('GET', path)).body.totalResults).toBe(0);
  const same = { userName: 'ours@example.com', externalId: 'ours' };
  const made = await asOther('POST', '/Users', same);
  expect(made.status).toBe(201);
  const members = [{ value: ids.User }];
  const ofOurs = await asOther('POST', '/Groups', { displayName: 'Theirs', members });
  expectScimError(ofOurs, 400, 'invalidValue');
});

test('what there is to know of the server is told', async () => {
  const config = (await scim.send('GET', '/ServiceProviderConfig')).body;
  expect(config).toMatchObject({
    patch: { supported: true },
    bulk: { supported: false },
    filter: { supported: true, maxResults: 200 },
    etag: { supported: true },
    authenticationSchemes: [{ type: 'oauthbearertoken' }],
  });
  for (const list of ['/ResourceTypes', '/Schemas']) {
    const { body } = await scim.send('GET', list);
    expect(body.totalResults).toBe(2);
    for (const item of body.Resources) {
      const path = new URL(item.meta.location).pathname.replace('/scim/v2', '');
      expect((await scim.send('GET', path)).body).toEqual(item);
    }
    expectScimError(await scim.send('GET', `${list}/nothing`), 404);
  }
  const { body } = await scim.send('GET', '/Schemas');
  const names = body.Resources[0].attributes.map(({ name }: { name: string }) => name);
  expect(names).toEqual(['userName', 'displayName', 'name', 'emails', 'active', 'groups']);
  expectScimError(await scim.send('GET', '/Nothing'), 404);
});
