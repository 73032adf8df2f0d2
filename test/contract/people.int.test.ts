import { afterAll, describe, expect, test } from 'vitest';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { makeSignInLink } from '../../src/features/identity/sign-in-link.ts';
import { START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const as = 'administrator';
const LEFT = { reason: 'left the company' };
const add = async (body: Record<string, unknown>) =>
  (await api.send('POST', '/v1/people', { as, body })).body;

async function signIn(email: string): Promise<string> {
  const path = await api.register.db.inSystem((tx) =>
    makeSignInLink(tx, api.tenantId, { email, now: Date.now() }),
  );
  const answer = await api.send('POST', path, { headers: { origin: 'http://localhost:7400' } });
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

const me = (cookie: string) => api.send('GET', '/v1/me', { headers: { cookie } });

describe('a person', () => {
  test('is added with roles and clearance, and found again', async () => {
    const body = {
      name: 'Ada',
      email: 'Ada@Example.com',
      roles: ['requestor', 'security'],
      clearance: 'restricted',
    };
    const person = await add(body);
    expect(person).toMatchObject({ ...body, active: true, source: 'administrator', revision: 1 });
    const found = await api.send('GET', `/v1/people/${person.person_id}`, { as: 'auditor' });
    expect(found.body).toEqual(person);
  });

  test.each([
    ['no name', { email: 'a@example.com' }, 'name'],
    ['a role that does not exist', { name: 'A', roles: ['root'] }, 'roles.0'],
    ['no role', { name: 'A', roles: [] }, 'roles'],
    ['a clearance that does not exist', { name: 'A', clearance: 'top' }, 'clearance'],
    ['an address that is none', { name: 'A', email: 'a' }, 'email'],
    ['something unknown', { name: 'A', admin: true }, 'admin'],
  ])('with %s is refused, and the field is named', async (_, body, path) => {
    const answer = await api.send('POST', '/v1/people', { as, body });
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors[0].path).toBe(path);
  });

  test('has an address to themselves, in any case', async () => {
    await add({ name: 'One', email: 'only@example.com' });
    const body = { name: 'Two', email: 'ONLY@example.com' };
    expectProblem(await api.send('POST', '/v1/people', { as, body }), 409, 'already-exists');
    const two = await add({ name: 'Two' });
    const change = { as, body: { email: 'Only@Example.com' } } as const;
    expectProblem(
      await api.send('PATCH', `/v1/people/${two.person_id}`, change),
      409,
      'already-exists',
    );
  });

  test('added twice at the same moment is added once', async () => {
    const body = { name: 'Twin', email: 'twin@example.com' };
    const both = await Promise.all([1, 2].map(() => api.send('POST', '/v1/people', { as, body })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test('loses and gains roles at once', async () => {
    await add({ name: 'Second', email: 'second@example.com', roles: ['administrator'] });
    const cookie = await signIn('first@example.com');
    const { id } = (await me(cookie)).body;
    const body = { roles: ['requestor', 'ciso'] };
    expect((await api.send('PATCH', `/v1/people/${id}`, { as, body })).status).toBe(200);
    expect((await me(cookie)).body.roles).toEqual(body.roles);
    const people = await api.send('GET', '/v1/people', { headers: { cookie } });
    expectProblem(people, 403, 'not-permitted');
  });

  test('who leaves loses sessions and tokens, and keeps a name', async () => {
    const cookie = await signIn('leaver@example.com');
    const { id } = (await me(cookie)).body;
    const body = { name: 'hers', role: 'requestor', email: 'Leaver@example.com' };
    const { token } = (await api.send('POST', '/v1/tokens', { as, body })).body;
    expect((await api.send('GET', '/v1/exceptions', { token })).status).toBe(200);
    const until = formatInstant(START + 5 * DAY);
    const leave = { to: 'leaver@example.com', until, reason: 'on leave until then' };
    await api.send('PATCH', `/v1/people/${id}`, {
      as,
      body: { roles: ['security', 'administrator'] },
    });
    const given = await api.send('POST', '/v1/delegations', { as: 'ciso', body: leave });
    expect(given.status, given.text).toBe(201);
    const left = await api.send('POST', `/v1/people/${id}/deactivate`, { as, body: LEFT });
    const open = await api.send('GET', '/v1/delegations', { as });
    expect(open.body.items).toEqual([]);
    expect(left.body).toMatchObject({ active: false, name: 'leaver@example.com' });
    expectProblem(await me(cookie), 401, 'unauthenticated');
    expectProblem(await api.send('GET', '/v1/exceptions', { token }), 401, 'unauthenticated');
    await api.send('POST', `/v1/people/${id}/reactivate`, { as, body: { reason: 'came back' } });
    expectProblem(await me(cookie), 401, 'unauthenticated');
    expectProblem(await api.send('GET', '/v1/exceptions', { token }), 401, 'unauthenticated');
  });
});

describe('the last administrator', () => {
  test('stays one, also where two take the role from each other at once', async () => {
    const { rows } = await api.admin.query<{ person_id: string }>(
      `SELECT person_id FROM lapse.people WHERE active AND (state->'roles')::jsonb ? 'administrator' ORDER BY 1`,
    );
    const ids = rows.map((row) => row.person_id);
    expect(ids.length).toBeGreaterThan(1);
    const body = { roles: ['requestor'] };
    const answers = await Promise.all(
      ids.map((id) => api.send('PATCH', `/v1/people/${id}`, { as, body })),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(1);
    for (const answer of refused) expectProblem(answer, 409, 'wrong-state');
    const last = refused[0]?.body.detail;
    expect(last).toContain('is the last administrator');
    const [id] = ids.filter((_, index) => answers[index]?.status !== 200);
    const leave = await api.send('POST', `/v1/people/${id}/deactivate`, { as, body: LEFT });
    expectProblem(leave, 409, 'wrong-state');
  });
});
