import { createHash } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { DAY, formatInstant, HOUR } from '../../src/domain/schedule/instant.ts';
import { createAuthenticator } from '../../src/features/identity/authenticate.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { draft } from '../support/api-records.ts';
import { START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
const other = await api.addTenant();
afterAll(() => api.close());

const admin = { as: 'administrator' } as const;
const make = (body: object = {}) =>
  api.send('POST', '/v1/tokens', { ...admin, body: { name: 'ci', role: 'requestor', ...body } });
const read = (token: string) => api.send('GET', '/v1/exceptions?limit=1', { token });
const revoke = (id: string, token = api.tokens.administrator) =>
  api.send('DELETE', `/v1/tokens/${id}`, { token });

describe('a token that opens nothing', () => {
  const [, tenant = '', secret = ''] = /^lapse_(\w{26})_(.+)$/.exec(api.tokens.requestor) ?? [];
  const theirs = other.tokens.requestor.slice(-43);
  test.each([
    ['empty', ''],
    ['of another kind', 'ghp_0123456789'],
    ['without its tenant', secret],
    ['forged', `lapse_${tenant}_${'A'.repeat(43)}`],
    [
      'with one letter changed',
      `lapse_${tenant}_${secret.slice(0, -2)}${secret.at(-2) === 'A' ? 'B' : 'A'}${secret.at(-1)}`,
    ],
    ['too short', `lapse_${tenant}_${secret.slice(1)}`],
    ['too long', `lapse_${tenant}_${secret}A`],
    ['with the secret of another tenant', `lapse_${tenant}_${theirs}`],
    ['with its own secret for another tenant', `lapse_${other.tenantId}_${secret}`],
    ['of a tenant that does not exist', `lapse_01J6M9M5Y0Q2H6W2QF9Q1VABCD_${secret}`],
    ['with SQL for its tenant', `lapse_';DROP TABLE lapse.events;--_${secret}`],
    [
      'with its hash for its secret',
      `lapse_${tenant}_${createHash('sha256').update(secret).digest('base64url')}`,
    ],
    ['in lower case', `lapse_${tenant.toLowerCase()}_${secret}`],
  ])('%s', async (_, token) => {
    const answer = await api.send('GET', '/v1/exceptions', { token });
    const nobody = await api.send('GET', '/v1/exceptions');
    expectProblem(answer, 401, 'unauthenticated');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="lapse"');
    // Nothing tells one cause from another.
    const { request_id: _one, ...problem } = answer.body;
    const { request_id: _two, ...expected } = nobody.body;
    expect(problem).toEqual(expected);
  });

  test.each(['Basic', 'Token', 'bearer:', 'Bearer,'])('in the scheme %s', async (scheme) => {
    const headers = { authorization: `${scheme} ${api.tokens.requestor}` };
    expectProblem(await api.send('GET', '/v1/exceptions', { headers }), 401, 'unauthenticated');
  });

  test('in a query or a cookie', async () => {
    const headers = { cookie: `token=${api.tokens.requestor}; session=${api.tokens.requestor}` };
    const url = `/v1/exceptions?access_token=${api.tokens.requestor}`;
    expectProblem(await api.send('GET', url, { headers }), 401, 'unauthenticated');
  });

  test('and the scheme may be written in any case', async () => {
    const headers = { authorization: `bEARER  ${api.tokens.requestor}` };
    expect((await api.send('GET', '/v1/exceptions', { headers })).status).toBe(200);
  });
});

describe('time', () => {
  test('a token ends to the millisecond, by real time', async () => {
    const end = real + HOUR;
    const made = await make({ expires_at: formatInstant(end) });
    expect((await read(made.body.token)).status).toBe(200);
    real = end - 1;
    expect((await read(made.body.token)).status).toBe(200);
    real = end;
    expectProblem(await read(made.body.token), 401, 'unauthenticated');
  });

  test('the domain clock moves no token', async () => {
    await api.moveTo(START + 500 * DAY);
    expect((await read(api.tokens.requestor)).status).toBe(200);
    const made = await make();
    expect(Date.parse(made.body.expires_at)).toBe(real + 90 * DAY);
    await api.moveTo(START);
  });

  test.each([
    ['that has passed', -1],
    ['of this instant', 0],
    ['a year and a day and a moment ahead', 366 * DAY + 1],
  ])('an end %s is refused, with what would pass', async (_, ahead) => {
    const answer = await make({ expires_at: formatInstant(real + ahead) });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors[0].path).toBe('expires_at');
    expect(answer.body.errors[0].message).toContain(formatInstant(real + 366 * DAY));
  });

  test('a duration is counted by the server', async () => {
    const made = await make({ requested_duration: 'P30D' });
    expect(Date.parse(made.body.expires_at)).toBe(real + 30 * DAY);
    const tooLong = await make({ requested_duration: 'P367D' });
    expectProblem(tooLong, 400, 'invalid-request');
    expect(tooLong.body.errors[0].path).toBe('requested_duration');
    const both = await make({
      requested_duration: 'P30D',
      expires_at: formatInstant(real + DAY),
    });
    expectProblem(both, 422, 'invalid-record');
    expect(both.body.detail).toContain('must not have both');
  });

  test('a year ahead passes', async () => {
    expect((await make({ expires_at: formatInstant(real + 366 * DAY) })).status).toBe(201);
  });
});

describe('revoking', () => {
  test('counts at once, and stays as it was when it is repeated', async () => {
    const { body } = await make();
    expect((await read(body.token)).status).toBe(200);
    const revoked = await revoke(body.token_id);
    expect(revoked.body.revoked_at).toBe(formatInstant(real));
    expectProblem(await read(body.token), 401, 'unauthenticated');
    real += 5_000;
    expect((await revoke(body.token_id)).body).toEqual(revoked.body);
  });

  test('oneself is possible', async () => {
    const { body } = await make({ role: 'administrator' });
    expect((await revoke(body.token_id, body.token)).status).toBe(200);
    expectProblem(await revoke(body.token_id, body.token), 401, 'unauthenticated');
  });

  test('counts for whoever was just being looked up', async () => {
    const { body } = await make();
    const held: (() => void)[] = [];
    const slow: Pick<Database, 'inTenant'> = {
      async inTenant(tenantId, work) {
        const answer = await api.register.db.inTenant(tenantId, work);
        await new Promise<void>((release) => held.push(release));
        return answer;
      },
    };
    const authenticator = createAuthenticator(slow as Database, () => real);
    const early = authenticator.authenticate(body.token);
    await expect.poll(() => held.length).toBe(1);
    await revoke(body.token_id);
    authenticator.forget(api.tenantId);
    held.shift()?.();
    // It was asked before the revocation; whoever asks after it is not told the same.
    await expect(early).resolves.toMatchObject({ tenantId: api.tenantId });
    const late = authenticator.authenticate(body.token);
    await expect.poll(() => held.length).toBe(1);
    held.shift()?.();
    await expect(late).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

test('many requests at once look a token up once', async () => {
  real += 5_000;
  const { db } = api.register;
  const before = db.roundTrips;
  const asking = Array.from({ length: 50 }, () =>
    api.lapse.authenticator.authenticate(api.tokens.auditor),
  );
  const principals = await Promise.all(asking);
  expect(new Set(principals.map(({ actor }) => actor.id)).size).toBe(1);
  expect(db.roundTrips - before).toBe(2);
});

test('a failed look-up is not remembered', async () => {
  const secret = 'B'.repeat(43);
  const token = `lapse_${api.tenantId}_${secret}`;
  expectProblem(await read(token), 401, 'unauthenticated');
  await api.admin.query(
    `UPDATE lapse.tokens SET secret_hash = $1 WHERE token_id = (SELECT token_id FROM lapse.tokens
     WHERE tenant_id = $2 AND revoked_at IS NULL AND state->>'name' = 'ci' ORDER BY token_id DESC LIMIT 1)`,
    [createHash('sha256').update(secret).digest(), api.tenantId],
  );
  expect((await read(token)).status).toBe(200);
});

test('an auditor reads everything and writes nothing', async () => {
  const { exception_id: id } = await draft(api);
  const as = 'auditor';
  expect((await api.send('GET', `/v1/exceptions/${id}`, { as })).status).toBe(200);
  expect((await api.send('GET', `/v1/exceptions/${id}/history`, { as })).status).toBe(200);
  for (const [method, url] of [
    ['POST', '/v1/exceptions'],
    ['PATCH', `/v1/exceptions/${id}`],
    ['POST', `/v1/exceptions/${id}/comments`],
    ['POST', '/v1/tokens'],
  ] as const) {
    expectProblem(await api.send(method, url, { as, body: { title: 'x' } }), 403, 'not-permitted');
  }
});

test('a secret is in the answer that makes it, and nowhere else', async () => {
  const { body } = await make({ name: 'searched for' });
  const secret: string = body.token.slice(-43);
  await read(body.token);
  await revoke(body.token_id);
  // The sequencer's copies are looked through too.
  await api.moveTo(START + DAY);
  const listed = await api.send('GET', '/v1/tokens', admin);
  expect(listed.text).toContain('searched for');
  expect(listed.text).not.toContain(secret);
  expect(listed.text).not.toContain(createHash('sha256').update(secret).digest('hex'));
  const { rows: tables } = await api.admin.query<{ name: string }>(
    "SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'lapse'::regnamespace AND relkind = 'r'",
  );
  expect(tables.length).toBeGreaterThan(20);
  const forms = [
    secret,
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret, 'base64url').toString('hex'),
  ];
  for (const { name } of tables) {
    const { rows } = await api.admin.query(
      `SELECT 1 FROM lapse.${name} AS row WHERE row::text LIKE ANY ($1)`,
      [forms.map((form) => `%${form}%`)],
    );
    expect({ name, found: rows.length }).toEqual({ name, found: 0 });
  }
});

describe('scopes', () => {
  test('a token may do what they name, and no more of its role', async () => {
    const scopes = ['exception:read'];
    const { body } = await make({ scopes });
    expect(body.scopes).toEqual(scopes);
    expect((await read(body.token)).status).toBe(200);
    const drafting = { token: body.token, body: { title: 'T' } };
    const refused = await api.send('POST', '/v1/exceptions', drafting);
    expectProblem(refused, 403, 'not-permitted');
    expect(refused.body.detail).toContain('exception:write');
    expectProblem(
      await api.send('GET', '/v1/reports/summary', { token: body.token }),
      403,
      'not-permitted',
    );
  });

  test.each([
    ['that does not exist', ['exception:destroy'], 'scopes.0'],
    ['beyond the role', ['exception:read', 'exception:approve'], 'scopes.1'],
    ['that is no list', 'exception:read', 'scopes'],
    ['that are none', [], 'scopes'],
    ['of the prototype', ['constructor'], 'scopes.0'],
  ])('those %s are refused', async (_, scopes, path) => {
    const answer = await make({ scopes });
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors[0].path).toBe(path);
  });

  test('a token of few makes none of more', async () => {
    const few = await make({ role: 'administrator', scopes: ['token:manage', 'exception:read'] });
    const { token } = few.body;
    const makeWith = (body: object) =>
      api.send('POST', '/v1/tokens', {
        token,
        body: { name: 'x', role: 'administrator', ...body },
      });
    expectProblem(await makeWith({}), 403, 'not-permitted');
    expectProblem(await makeWith({ scopes: ['person:manage'] }), 403, 'not-permitted');
    expect((await makeWith({ scopes: ['exception:read'] })).status).toBe(201);
  });

  test('none are named where a token has all of its role', async () => {
    expect((await make()).body.scopes).toBe(null);
  });
});
