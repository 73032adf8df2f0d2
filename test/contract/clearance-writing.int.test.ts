import { afterAll, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { approveAll, command, draft, passed } from '../support/api-records.ts';
import { tokenFor } from '../support/clearances.ts';
import { COMPLETE, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
const token = await tokenFor(api, 'requestor', 'internal', 'plain@lapse.test');
const PLAIN = { ...COMPLETE, data_classification: 'internal' };

const read = async (id: string, request: TestRequest = { as: 'auditor' }) =>
  passed(await api.send('GET', `/v1/exceptions/${id}`, request));
const importing = (records: object[], query = '') =>
  api.send('POST', `/v1/imports${query}`, { token, body: records });

test('nobody drafts above their clearance, and is told what would pass', async () => {
  const before = await api.admin.query('SELECT count(*) FROM lapse.events');
  for (const path of ['/v1/exceptions', '/v1/exceptions?submit=true']) {
    const answer = await api.send('POST', path, { token, body: COMPLETE });
    expectProblem(answer, 403, 'not-permitted');
    expect(answer.body.errors[0].path).toBe('data_classification');
    expect(answer.body.detail).toContain('above your clearance, internal');
  }
  expect((await api.admin.query('SELECT count(*) FROM lapse.events')).rows).toEqual(before.rows);
});

test('nobody classifies above their clearance what they may edit', async () => {
  const { exception_id: id } = passed(
    await api.send('POST', '/v1/exceptions', { token, body: PLAIN }),
  );
  const raise = await api.send('PATCH', `/v1/exceptions/${id}`, {
    token,
    body: { data_classification: 'confidential' },
    headers: { 'if-match': '"1"' },
  });
  expectProblem(raise, 403, 'not-permitted');
  expect(await read(id)).toMatchObject({ revision: 1, data_classification: 'internal' });
});

test('what nobody has classified is internal', async () => {
  const outsider = await tokenFor(api, 'requestor', 'public');
  const body = { title: 'Not yet classified' };
  expectProblem(
    await api.send('POST', '/v1/exceptions', { token: outsider, body }),
    403,
    'not-permitted',
  );
  const { exception_id: id } = passed(await api.send('POST', '/v1/exceptions', { token, body }));
  expectProblem(
    await api.send('GET', `/v1/exceptions/${id}`, { token: outsider }),
    404,
    'not-found',
  );
  expect(await read(id, { token })).toMatchObject({ title: 'Not yet classified' });
});

test('an import above a clearance is refused by line and field', async () => {
  const { headers: _, ...answer } = await importing([
    { title: 'A', data_classification: 'restricted' },
  ]);
  expect(answer.status).toBe(422);
  expect(answer.body.errors[0]).toMatchObject({ path: 'data_classification', line: 1 });
});

test('a record that was imported before is not told of by its key', async () => {
  const record = { title: 'Xanadu', external_ids: ['JIRA-77'], data_classification: 'internal' };
  const made = await api.send('POST', '/v1/imports', { as: 'requestor', body: [record] });
  const id = made.body.created[0].exception_id;
  await reclassified(id, 'restricted');
  for (const query of ['', '?dry_run=true', '?preview=true']) {
    const { status, text, body } = await importing(
      [{ ...record, title: 'A guess' }, record],
      query,
    );
    expect(status).toBe(query === '?preview=true' ? 200 : 422);
    expect(text).not.toContain(id);
    expect(JSON.stringify(body.errors ?? body.problems)).toContain('above your clearance');
  }
  const own = await importing([{ ...record, exception_id: id, external_ids: [] }]);
  expect(own.text).not.toContain('Xanadu');
});

test('an answer is not told again to who may not see it any more', async () => {
  const send = () =>
    api.send('POST', '/v1/exceptions', {
      token,
      body: { ...PLAIN, title: 'Xanadu' },
      headers: { 'idempotency-key': 'once' },
    });
  const { exception_id: id } = passed(await send());
  expect((await send()).body.exception_id).toBe(id);
  await reclassified(id, 'confidential');
  const again = await send();
  expectProblem(again, 404, 'not-found');
  expect(again.text).not.toContain('Xanadu');
});

test('a hidden record that covers the same is not told of', async () => {
  const scope = { control: 'azure-policy-nonprod', services: ['hidden'] };
  const { exception_id: id } = await draft(api, { ...scope, title: 'Xanadu' });
  passed(await command(api, id, 'submit'));
  const answer = await api.send('POST', '/v1/exceptions?submit=true', {
    token,
    body: { ...PLAIN, ...scope },
  });
  expectProblem(answer, 409, 'conflict');
  expect(answer.body.detail).toContain('above your clearance');
  expect(answer.text).not.toContain(id);
  expect(answer.text).not.toContain('Xanadu');
});

test('a record hands over to its renewal, though nobody who decides on that may see it', async () => {
  const { exception_id: id } = await draft(api, {
    services: ['handed over'],
    owners: ['plain@lapse.test'],
  });
  passed(await command(api, id, 'submit'));
  passed(await approveAll(api, id));
  passed(await command(api, id, 'activate'));
  await api.moveTo(START + 70 * DAY);
  const { exception_id: next } = passed(await command(api, id, 'renew'));
  await reclassified(next, 'internal');
  passed(await command(api, next, 'submit'));
  // They are those who approved the first of the chain, with other tokens.
  for (const role of ['approver', 'domain-owner', 'ciso'] as const) {
    const approver = await tokenFor(api, role, 'internal', `${role}@lapse.test`);
    const before = await api.send('GET', `/v1/exceptions/${id}`, { token: approver });
    expectProblem(before, 404, 'not-found');
    const body = { reason: 'the plan is good enough for now' };
    passed(await api.send('POST', `/v1/exceptions/${next}/approve`, { token: approver, body }));
  }
  passed(await api.send('POST', `/v1/exceptions/${next}/activate`, { token, body: {} }));
  expect(await read(id)).toMatchObject({ renewed_by: next });
});

test('nobody gives more clearance than they have', async () => {
  const lesser = await tokenFor(api, 'administrator', 'internal');
  const person = { name: 'Ada', roles: ['requestor'] };
  const provider = { issuer: 'https://id.example.com', client_id: 'lapse', label: 'Work' };
  const asked: [string, string, object][] = [
    ['POST', '/v1/tokens', { name: 'x', role: 'auditor', clearance: 'restricted' }],
    ['POST', '/v1/people', { ...person, clearance: 'confidential' }],
    ['PUT', '/v1/providers/work', { ...provider, default_clearance: 'restricted' }],
    ['PUT', '/v1/providers/work', { ...provider, clearances: { staff: 'restricted' } }],
  ];
  for (const [method, url, body] of asked)
    expectProblem(await api.send(method, url, { token: lesser, body }), 403, 'not-permitted');
  const own = await api.send('POST', '/v1/tokens', {
    token: lesser,
    body: { name: 'x', role: 'auditor' },
  });
  expect(own.body.clearance).toBe('internal');
  const me = await api.send('GET', '/v1/me', { token: own.body.token });
  expect(me.body.clearance).toBe('internal');
  const added = await api.send('POST', '/v1/people', { token: lesser, body: person });
  const url = `/v1/people/${passed(added).person_id}`;
  const headers = { 'if-match': `"${added.body.revision}"` };
  const raise = await api.send('PATCH', url, {
    token: lesser,
    body: { clearance: 'restricted' },
    headers,
  });
  expectProblem(raise, 403, 'not-permitted');
});

/** Classifies a record otherwise, by somebody who may. */
async function reclassified(id: string, data_classification: string): Promise<void> {
  const { revision } = await read(id);
  passed(
    await api.send('PATCH', `/v1/exceptions/${id}`, {
      as: 'administrator',
      body: { data_classification },
      headers: { 'if-match': `"${revision}"` },
    }),
  );
}
