import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { COMMAND_BODIES, command, draft, passed, recordIn } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestAnswer, type TestRequest } from '../support/test-api.ts';

/** Somebody with the role of a requestor, who has nothing to do with the records of others. */
const api = await createTestApi();
let stranger = '';
beforeAll(async () => {
  stranger = await tokenOf({ name: 'Stranger', email: 'stranger@lapse.test', role: 'requestor' });
});
afterAll(() => api.close());

async function tokenOf(holder: object): Promise<string> {
  const made = await api.send('POST', '/v1/tokens', { as: 'administrator', body: holder });
  expect(made.status, made.text).toBe(201);
  return made.body.token;
}

const FORM =
  '--b\r\ncontent-disposition: form-data; name="file"; filename="a.log"\r\ncontent-type: text/plain\r\n\r\nproof\r\n--b--\r\n';
const upload = { raw: FORM, headers: { 'content-type': 'multipart/form-data; boundary=b' } };
const EDIT = { title: 'mine now' };

/** What is open to everybody who may write: words about a record, which leave it as it is. */
const OPEN_TO_ALL = ['comments', 'violations'];

const CHANGES = api.routes
  .filter(
    ({ method, url }) =>
      !['GET', 'HEAD'].includes(method) && /^\/v1\/(exceptions\/:id|bulk)/.test(url),
  )
  .map(({ method, url, permission }) => [`${method} ${url}`, { method, url, permission }] as const);

async function rows(): Promise<unknown> {
  const tables = ['events', 'exceptions', 'comments', 'stored_files', 'exception_owners'];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM lapse.${table}) AS ${table}`);
  return (await api.admin.query(`SELECT ${counts.join(', ')}`)).rows[0];
}

const filesStored = () => {
  const folder = join(api.dataDir, 'evidence');
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).length : 0;
};

/** Sends the change of a route to a record. */
function changeOf(route: { method: string; url: string }, id: string, more: TestRequest) {
  const name = route.url.split('/').at(-1) ?? '';
  const url = route.url.replace(':id', id);
  if (route.url.startsWith('/v1/bulk/')) {
    const said =
      name === 'reassign' ? { owners: ['me@lapse.test'] } : { reason: 'because I want it so' };
    return api.send(route.method, url, { body: { ids: [id], ...said }, ...more });
  }
  if (route.method === 'PATCH')
    return api.send('PATCH', url, { body: EDIT, headers: { 'if-match': '*' }, ...more });
  return api.send(route.method, url, {
    body: COMMAND_BODIES[name] ?? COMMAND_BODIES.approve,
    ...more,
  });
}

/** What was refused, of one record or of a list of one. */
function refusalOf({ status, body }: TestAnswer): { status: number; code: string } | undefined {
  if (body?.results) return body.results[0].problem ?? undefined;
  return status < 300 ? undefined : { status, code: body.code };
}

test('there are routes that change records', () => {
  expect(CHANGES.length).toBeGreaterThan(22);
});

describe.each(['Draft', 'Under-Review', 'Active', 'Closed'] as const)(
  'a record that is %s',
  (status) => {
    test.each(CHANGES)('%s by a stranger', async (_, route) => {
      const { exception_id: id, revision } = await recordIn(api, status);
      const before = [await rows(), filesStored()];
      const answer = await changeOf(route, id, {
        token: stranger,
        ...(route.method === 'PATCH' ? { headers: { 'if-match': `"${revision}"` } } : {}),
      });
      if (OPEN_TO_ALL.includes(route.url.split('/').at(-1) ?? '')) {
        expect(refusalOf(answer)?.code).not.toBe('not-concerned');
        return;
      }
      const code = route.permission === 'exception:approve' ? 'not-permitted' : 'not-concerned';
      expect(refusalOf(answer), answer.text).toMatchObject({ status: 403, code });
      expect([await rows(), filesStored()]).toEqual(before);
      expect(
        passed(await api.send('GET', `/v1/exceptions/${id}`, { token: stranger })).revision,
      ).toBe(revision);
    });
  },
);

test('a file of a stranger is refused before it is received', async () => {
  const { exception_id: id } = await draft(api);
  const before = [await rows(), filesStored()];
  const url = `/v1/exceptions/${id}/evidence`;
  expectProblem(await api.send('POST', url, { token: stranger, ...upload }), 403, 'not-concerned');
  expect([await rows(), filesStored()]).toEqual(before);
  expect((await api.send('POST', url, { as: 'requestor', ...upload })).status).toBe(200);
});

test('a refusal names whose it is and tells nothing to who may not read it', async () => {
  const { exception_id: id } = await draft(api, { data_classification: 'restricted' });
  const cleared = await api.send('POST', `/v1/exceptions/${id}/submit`, {
    token: stranger,
    body: {},
  });
  expect(cleared.body.detail).toContain('A. Rivera');
  const holder = { name: 'Low', role: 'requestor', clearance: 'internal' };
  const low = await tokenOf(holder);
  const hidden = await api.send('POST', `/v1/exceptions/${id}/submit`, { token: low, body: {} });
  expectProblem(hidden, 404, 'not-found');
  expectProblem(
    await api.send('POST', `/v1/exceptions/${id}/evidence`, { token: low, ...upload }),
    404,
    'not-found',
  );
});

/** A record of somebody else, with other fields where they are given. */
async function edits(id: string, request: TestRequest): Promise<number> {
  const { revision } = passed(await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' }));
  const headers = { 'if-match': `"${revision}"` };
  const body = { title: `title ${revision}` };
  return (await api.send('PATCH', `/v1/exceptions/${id}`, { ...request, body, headers })).status;
}

describe('who may', () => {
  test('the requestor by address, each owner, the drafter; an administrator, and the platform', async () => {
    const { exception_id: id } = await draft(api, {
      requestor: { name: 'Asks', email: 'STRANGER@lapse.test' },
      owners: [{ name: 'Owns', email: 'ciso@lapse.test' }],
    });
    for (const as of ['requestor', 'ciso', 'administrator', 'platform-lead'] as const)
      expect([as, await edits(id, { as })]).toEqual([as, 200]);
    expect(await edits(id, { token: stranger })).toBe(200);
    for (const as of ['approver', 'security', 'domain-owner', 'dpo'] as const)
      expect([as, await edits(id, { as })]).toEqual([as, 403]);
  });

  test('an owner who is named later, and no longer who was replaced', async () => {
    const { exception_id: id } = await draft(api);
    const reassign = (to: string) =>
      api.send('POST', '/v1/bulk/reassign', {
        as: 'administrator',
        body: { ids: [id], owners: [to] },
      });
    await reassign('stranger@lapse.test');
    expect(await edits(id, { token: stranger })).toBe(200);
    await reassign('dpo@lapse.test');
    expect(await edits(id, { token: stranger })).toBe(403);
    expect(await edits(id, { as: 'dpo' })).toBe(200);
  });

  test('the delegate of an owner, while it lasts, with every command, a file and a renewal too', async () => {
    const owners = [{ name: 'Owns', email: 'ciso@lapse.test' }];
    const { exception_id: id } = await draft(api, { owners });
    expect(await edits(id, { as: 'dpo' })).toBe(403);
    const until = formatInstant(START + 9 * DAY);
    const to = { to: 'dpo@lapse.test', until, reason: 'on leave' };
    const { delegation_id } = passed(
      await api.send('POST', '/v1/delegations', { as: 'ciso', body: to }),
    );
    expect(await edits(id, { as: 'dpo' })).toBe(200);
    const url = `/v1/exceptions/${id}`;
    expect((await api.send('POST', `${url}/evidence`, { as: 'dpo', ...upload })).status).toBe(200);
    const renewal = await api.send('POST', `${url}/renew`, {
      as: 'dpo',
      body: COMMAND_BODIES.renew,
    });
    expectProblem(renewal, 409, 'wrong-state');
    await api.send('POST', `/v1/delegations/${delegation_id}/end`, {
      as: 'ciso',
      body: { reason: 'back' },
    });
    expect(await edits(id, { as: 'dpo' })).toBe(403);
  });

  test('the tokens of one bot, which share an address; another bot not', async () => {
    const bot = { name: 'bot', email: 'bot@team.test', role: 'requestor' };
    const [one, next, other] = [
      await tokenOf(bot),
      await tokenOf(bot),
      await tokenOf({ ...bot, email: 'other@team.test' }),
    ];
    const made = await api.send('POST', '/v1/exceptions', { token: one, body: COMPLETE });
    const { exception_id: id } = passed(made);
    for (const token of [one, next]) expect(await edits(id, { token })).toBe(200);
    expect(await edits(id, { token: other })).toBe(403);
  });

  test('who imported a record for others, and those others', async () => {
    const record = { ...COMPLETE, requestor: { name: 'Asks', email: 'stranger@lapse.test' } };
    const file = { title: 'imported', requestor: record.requestor, owners: ['dpo@lapse.test'] };
    const imported = await api.send('POST', '/v1/imports', { as: 'security', body: file });
    expect(imported.status, imported.text).toBeLessThan(300);
    const { rows: found } = await api.admin.query(
      `SELECT exception_id FROM lapse.exceptions WHERE fields->>'title' = 'imported'`,
    );
    const id = found[0].exception_id;
    expect(await edits(id, { as: 'security' })).toBe(200);
    expect(await edits(id, { token: stranger })).toBe(200);
    expect(await edits(id, { as: 'dpo' })).toBe(200);
    expect(await edits(id, { as: 'requestor' })).toBe(403);
  });

  test('an approver ends and sends back what is not theirs, and does not rewrite it', async () => {
    const { exception_id: request } = await recordIn(api, 'Under-Review');
    expect(await edits(request, { as: 'approver' })).toBe(403);
    expect((await command(api, request, 'request-changes', 'approver')).status).toBe(200);
    const { exception_id: active } = await recordIn(api, 'Active');
    expect((await command(api, active, 'close', 'approver')).body.code).toBe('not-concerned');
    expect((await command(api, active, 'revoke', 'approver')).status).toBe(200);
  });

  test('anyone, where the policy of the tenant says so', async () => {
    const { exception_id: id } = await draft(api);
    expect(await edits(id, { token: stranger })).toBe(403);
    const put = async (changes_by: string) => {
      const { headers } = await api.send('GET', '/v1/policy', { as: 'auditor' });
      return api.send('PUT', '/v1/policy', {
        as: 'administrator',
        body: { ...BUILT_IN_POLICY, changes_by },
        headers: { 'if-match': String(headers.etag) },
      });
    };
    const answer = await put('anyone');
    expect(answer.status, answer.text).toBe(200);
    expect(await edits(id, { token: stranger })).toBe(200);
    await put('those-concerned');
    expect(await edits(id, { token: stranger })).toBe(403);
    expect((await put('nobody')).status).toBe(422);
  });
});
