import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSignInLink } from '../../src/features/identity/sign-in-link.ts';
import { createLogger } from '../../src/platform/log/logger.ts';
import { draft } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { createTestApi } from '../support/test-api.ts';

const lines: string[] = [];
const api = await createTestApi({ logTo: { write: (line) => void lines.push(line) } });
afterAll(() => api.close());

/** Stands in whatever people send; none of it may come up in a line. */
const MARK = 'confidential-c0ffee';
let secret = '';
const secrets: string[] = [];
let person = '';
const SAME_SITE = { origin: 'http://localhost:7400', 'sec-fetch-site': 'same-origin' };

beforeAll(async () => {
  const as = 'requestor';
  const { exception_id: id } = await draft(api, { justification: `${MARK} justification` });
  const url = `/v1/exceptions/${id}`;
  const made = await api.send('POST', '/v1/tokens', {
    as: 'administrator',
    body: { name: `${MARK} token`, email: `${MARK}@example.com`, role: 'auditor' },
    headers: { 'idempotency-key': `${MARK}-key` },
  });
  secret = made.body.token;
  await api.send('GET', `/v1/exceptions?q=${MARK}&owner=${MARK}`, { token: secret });
  await api.send('POST', `${url}/comments`, { as, body: { body: MARK } });
  await api.send('GET', `/v1/${MARK}?x=${MARK}`, { as });
  await api.send('GET', `/v1/exceptions/${MARK}`, { as });
  await api.send('GET', `/v1/exceptions/%zz${MARK}`, { as });
  await api.send('POST', '/v1/exceptions', { as, raw: `{"title": ${MARK}` });
  await api.send('POST', '/v1/exceptions', { as, body: { [MARK]: MARK } });
  await api.send('POST', '/v1/exceptions', { as, raw: MARK, headers: { 'content-type': MARK } });
  await api.send('GET', '/v1/exceptions', { token: `lapse_${api.tenantId}_${MARK}` });
  await api.send('GET', '/v1/exceptions', { headers: { cookie: MARK, authorization: MARK } });
  await api.send('GET', '/v1/exceptions', { headers: { cookie: `lapse=${MARK}` } });
  await api.send('GET', '/', { headers: { cookie: `lapse=${MARK}` } });
  await api.send('GET', `/sign-in/with/${api.tenantId}/${MARK}?to=/${MARK}`);
  await api.send('GET', `/sign-in/callback?code=${MARK}&state=${MARK}`, {
    headers: { cookie: `lapse-attempt=${MARK}` },
  });
  await api.send('POST', `/sign-in/link/${api.tenantId}_${MARK.padEnd(43, 'x')}`, {
    headers: SAME_SITE,
  });
  await signInAndRefuse();
  await api.send('POST', `${url}/approve`, { as: 'auditor', body: { reason: MARK } });
  await api.send('DELETE', `/v1/tokens/${made.body.token_id}`, { as: 'administrator' });
  await api.moveTo(START + 1_000);
});

/** Signs somebody in, whose browser another site then tells what to do, and who then may not come back. */
async function signInAndRefuse() {
  const email = `${MARK}@example.org`;
  // So that it is not the last administrator who leaves.
  await oneTimeLink(`other-${email}`);
  const link = await oneTimeLink(email);
  const again = await oneTimeLink(email);
  const signedIn = await api.send('POST', link, { headers: SAME_SITE });
  secrets.push(...[link, again].map((path) => path.slice(-43)));
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  secrets.push(cookie.slice(-43));
  const evil = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  await api.send('POST', '/v1/people', { headers: evil, body: { name: MARK } });
  await api.send('POST', '/sign-out', { headers: evil });
  const { body } = await api.send('GET', '/v1/me', { headers: { cookie } });
  person = body.id;
  await api.send('POST', `/v1/people/${person}/deactivate`, {
    as: 'administrator',
    body: { reason: MARK },
  });
  // The page names the person; the log may not.
  const refused = await api.send('POST', again, { headers: SAME_SITE });
  expect(refused.text.toLowerCase()).toContain(MARK);
}

const oneTimeLink = (email: string) =>
  api.register.db.inSystem((tx) => makeSignInLink(tx, api.tenantId, { email, now: Date.now() }));

/** Fails in the database, on a value that was sent: its message or detail names it. */
async function failOn(sql: string, undo: string, run: () => Promise<{ status: number }>) {
  await api.admin.query(sql);
  try {
    expect((await run()).status).toBe(500);
  } finally {
    await api.admin.query(undo);
  }
}

test('failures in the database are logged with where they came from, not with what was sent', async () => {
  const { exception_id: id } = await draft(api);
  const comment = () =>
    api.send('POST', `/v1/exceptions/${id}/comments`, { as: 'requestor', body: { body: MARK } });
  await failOn(
    `ALTER TABLE lapse.comments ADD CONSTRAINT no_marks CHECK (body <> '${MARK}') NOT VALID`,
    'ALTER TABLE lapse.comments DROP CONSTRAINT no_marks',
    comment,
  );
  await failOn(
    `ALTER TABLE lapse.comments RENAME COLUMN body TO text`,
    `ALTER TABLE lapse.comments RENAME COLUMN text TO body`,
    comment,
  );
  await failOn(
    `CREATE FUNCTION lapse.fail() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM NEW.title::integer; RETURN NEW; END $$;
     CREATE TRIGGER fails BEFORE INSERT ON lapse.exceptions FOR EACH ROW EXECUTE FUNCTION lapse.fail()`,
    'DROP TRIGGER fails ON lapse.exceptions; DROP FUNCTION lapse.fail()',
    () =>
      api.send('POST', '/v1/exceptions', {
        as: 'requestor',
        body: { ...COMPLETE, title: `${MARK} "x"` },
      }),
  );
  const failures = lines
    .filter((line) => line.includes('unexpected error'))
    .map((line) => JSON.parse(line));
  expect(failures).toHaveLength(3);
  expect(failures[0].err).toMatchObject({
    code: '23514',
    constraint: 'no_marks',
    table: 'comments',
  });
  expect(failures[2].err).toMatchObject({
    code: '22P02',
    message: expect.stringContaining('[cut out]'),
  });
  for (const { err, request_id } of failures) {
    expect(request_id).toMatch(/^[\w-]+$/);
    expect(err.stack).toMatch(/^ {4}at /);
  }
});

test('no line holds a token, a header, a query, a path or a body', () => {
  expect(lines.length).toBeGreaterThan(15);
  const everything = lines.join('');
  expect(everything).not.toContain(MARK);
  expect(everything).not.toMatch(/Bearer|authorization|lapse_[0-9A-Z]{26}/);
  expect(secrets).toHaveLength(3);
  for (const token of [secret, ...secrets, ...Object.values(api.tokens)]) {
    expect(everything).not.toContain(token.slice(-43));
  }
  expect(everything).not.toContain(COMPLETE.title);
});

test('each request leaves one line that says what was asked for, and how it went', () => {
  const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
  expect(requests.length).toBeGreaterThan(10);
  for (const line of requests) {
    expect(Object.keys(line).sort()).toEqual(
      expect.arrayContaining(['level', 'method', 'ms', 'msg', 'request_id', 'status', 'time']),
    );
    expect(line.route ?? '/v1/').toMatch(/^\//);
  }
  for (const { route, status, refusal } of requests) {
    const isProblem = status >= 400 && !route?.startsWith('/sign-in');
    expect({ route, status, refusal }).toEqual({
      ...{ route, status },
      refusal: isProblem ? expect.stringMatching(/^[a-z-]+$/) : undefined,
    });
  }
  const statuses = new Set(requests.map(({ status }) => status));
  expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 201, 400, 401, 404, 415, 422]));
});

interface RefusalLine {
  readonly event: string;
  readonly method: string;
  readonly route: string;
  readonly credential: string;
  readonly principal?: string;
}

test('what was refused for reasons of security has a name of its own, a route and whoever is known', () => {
  const refused: RefusalLine[] = lines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'a request was refused');
  const seen = refused.map(
    ({ event, method, route, credential }) => `${event} ${method} ${route} ${credential}`,
  );
  expect(seen).toEqual([
    'authentication-failed GET /v1/exceptions token',
    'authentication-failed GET /v1/exceptions token',
    'authentication-failed GET /v1/exceptions cookie',
    'authentication-failed GET / cookie',
    'authentication-failed GET /sign-in/callback cookie',
    'authentication-failed POST /sign-in/link/:link none',
    'cross-site-refused POST /v1/people cookie',
    'cross-site-refused POST /sign-out cookie',
    'authentication-failed POST /sign-in/link/:link none',
    'permission-refused POST /v1/exceptions/:id/approve token',
  ]);
  expect(person).toMatch(/^per_/);
  expect(refused.find(({ route }) => route === '/v1/people')).toMatchObject({
    level: 40,
    address: '127.0.0.1',
    tenant: api.tenantId,
    principal: person,
    request_id: expect.any(String),
  });
  expect(refused.at(-1)?.principal).toMatch(/^tok_/);
  for (const line of refused.filter(({ event }) => event === 'authentication-failed'))
    expect(line.principal).toBeUndefined();
});

test('each request of somebody who is known says who it was, and no other does', () => {
  const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
  for (const { route = '/', status, principal } of requests) {
    if (route.startsWith('/v1/') && status !== 401) expect(principal).toMatch(/^(tok|per)_/);
    else expect(principal).toBeUndefined();
  }
  expect(new Set(requests.map(({ principal }) => principal)).size).toBeGreaterThan(3);
});

test('what is named like a secret is cut out, however deep an error holds it', () => {
  const written: string[] = [];
  const log = createLogger('info', { write: (line) => void written.push(line) });
  const failed = Object.assign(
    new Error('outer', { cause: Object.assign(new Error('inner'), { detail: MARK }) }),
    {
      detail: MARK,
      input: `postgresql://lapse:${MARK}@db/lapse`,
      query: MARK,
      parameters: [MARK],
    },
  );
  log.error(
    { err: failed, token: MARK, request: { authorization: MARK, password: MARK } },
    'failed',
  );
  log.child({ a: 1 }).warn({ err: MARK, secret: MARK }, 'odd');
  expect(written).toHaveLength(2);
  expect(written.join('')).not.toContain(MARK);
  expect(JSON.parse(written[0] ?? '').err).toMatchObject({
    message: 'outer',
    cause: { message: 'inner' },
  });
});
