import { afterAll, describe, expect, test } from 'vitest';
import { draft } from '../support/api-records.ts';
import { COMPLETE } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestAnswer } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
const as = 'requestor';
const MEGABYTE = 1024 * 1024;

const make = (body: unknown): Promise<TestAnswer> =>
  api.send('POST', '/v1/exceptions', { as, body });
const makeRaw = (raw: string | Buffer): Promise<TestAnswer> =>
  api.send('POST', '/v1/exceptions', { as, raw });
const problemsAt = ({ body }: TestAnswer): Record<string, string> =>
  Object.fromEntries(
    body.errors.map((error: { path: string; message: string }) => [error.path, error.message]),
  );

describe('what is no JSON', () => {
  test.each([
    '{',
    '{"title":}',
    "{'title':'x'}",
    '{"title":"x"} trailing',
    'undefined',
    '\ufeff{}x',
  ])('%s is refused', async (raw) => {
    expectProblem(await makeRaw(raw), 400, 'invalid-request');
  });

  test('bytes that are no UTF-8 are refused, never replaced', async () => {
    const raw = Buffer.concat([Buffer.from('{"title":"a'), Buffer.from([0xff]), Buffer.from('"}')]);
    expectProblem(await makeRaw(raw), 400, 'invalid-request');
    const overlong = Buffer.from([0x22, 0xc0, 0xaf, 0x22]);
    expectProblem(await makeRaw(overlong), 400, 'invalid-request');
  });

  test('a key __proto__ is refused wherever it stands', async () => {
    for (const raw of [
      '{"title":"x","__proto__":{"role":"administrator"}}',
      '{"title":"x","scope":{"__proto__":{}}}',
      '{"title":"x","owners":[{"__proto__":1}]}',
      '{"title":"x","\\u005f_proto__":1}',
    ]) {
      const answer = await makeRaw(raw);
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.body.detail).toContain('__proto__');
    }
    expect(({} as { role?: unknown }).role).toBeUndefined();
  });

  test('64 levels are read, 65 are refused, and so is any number more', async () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expectProblem(await makeRaw(nested(64)), 422, 'invalid-record');
    for (const levels of [65, 1_000, 500_000]) {
      const answer = await makeRaw(nested(levels));
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.body.detail).toContain('64 levels');
    }
    const inObjects = `{"title":${'{"a":'.repeat(64)}1${'}'.repeat(64)}}`;
    expectProblem(await makeRaw(inObjects), 400, 'invalid-request');
  });
});

describe('sizes', () => {
  const filled = (bytes: number) => {
    const start = '{"title":"x"';
    return `${start}${' '.repeat(bytes - start.length - 1)}}`;
  };

  test('a body of 1 MB is read, and one byte more is refused with the limit', async () => {
    expect((await makeRaw(filled(MEGABYTE))).status).toBe(201);
    const answer = await makeRaw(filled(MEGABYTE + 1));
    expectProblem(answer, 413, 'too-large');
    expect(answer.body.detail).toContain('1 MB');
  });

  test('texts, lists and records beyond their limits are refused with the limit', async () => {
    expect(problemsAt(await make({ title: 'x'.repeat(1_000_000) })).title).toContain('300');
    expect(problemsAt(await make({ title: 'x', justification: 'x'.repeat(8_001) }))).toEqual({
      justification: 'must have at most 8,000 characters',
    });
    const services = Array.from({ length: 201 }, (_, index) => `s${index}`);
    expect(problemsAt(await make({ title: 'x', services })).services).toContain('200');
    const evidence = Array.from({ length: 40 }, () => 'x'.repeat(7_000));
    expect(problemsAt(await make({ title: 'x', evidence }))['']).toContain('256 KB');
  });

  test.each([
    'threat_model_link',
    'policy_ref',
    'effective_from',
    'requested_duration',
    'ticket_id',
  ])('a million characters in %s are refused like a few too many', async (field) => {
    const texts = ['a', '%', '1', 'P1D', 'a%20', '9999-12-31T'];
    for (const text of texts) {
      const long = text.repeat(Math.floor(1_000_000 / text.length));
      const answer = await make({ title: 'x', [field]: long });
      expectProblem(answer, 422, 'invalid-record');
      expect(Object.keys(problemsAt(answer))).toEqual([field]);
    }
  });

  test('of very many problems a hundred are told', async () => {
    const body = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`t${index}`, 1]));
    const answer = await make(body);
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors).toHaveLength(100);
    expect(answer.body.detail).toMatch(/and \d+ more/);
  });
});

describe('values', () => {
  test.each([null, [], 'text', 1, true])('%j is no record', async (body) => {
    const answer = await makeRaw(JSON.stringify(body));
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors).toHaveLength(1);
  });

  test('a body that is needed and missing is said to be required', async () => {
    for (const request of [{ as }, { as, raw: '' }, { as, raw: 'null' }] as const) {
      const answer = await api.send('POST', '/v1/exceptions', request);
      expectProblem(answer, 422, 'invalid-record');
      expect(answer.body.detail).toBe('the body is required');
    }
  });

  test('a command that needs nothing said takes no body as well as an empty one', async () => {
    for (const request of [{ as }, { as, raw: '' }, { as, body: {} }] as const) {
      const { exception_id: id } = await draft(api);
      const answer = await api.send('POST', `/v1/exceptions/${id}/submit`, request);
      expect(answer.status, answer.text).toBe(200);
    }
  });

  test.each([
    ['title', 1],
    ['title', ''],
    ['title', '   '],
    ['title', null],
    ['category', 'Network'],
    ['risk_score', '6'],
    ['risk_score', 6.5],
    ['risk_score', 1e308],
    ['risk_score', -0.1],
    ['services', { 0: 'a' }],
    ['services', [null]],
    ['owners', [{ email: 'a@b' }]],
    ['effective_from', 1_767_225_600_000],
    ['effective_from', '9999-12'],
    ['effective_from', '2025-02-30'],
    ['effective_from', '2025-02-30T00:00:00Z'],
    ['effective_from', '2025-01-01T24:00:00Z'],
    ['effective_from', '+010000-01-01T00:00:00Z'],
    ['expires_at', 'infinity'],
    ['requested_duration', 'P'],
    ['requested_duration', 'P-1D'],
    ['requested_duration', 'P99999999999999999999D'],
  ])('%s = %j is refused at its place', async (field, value) => {
    const answer = await make({ title: 'x', [field]: value });
    expect([400, 422]).toContain(answer.status);
    expect(answer.body.errors[0].path.split('.')[0]).toBe(field);
  });

  test.each([
    ['title', 'a\u0000b'],
    ['title', '\ud800'],
    ['justification', '\udc00\ud800'],
    ['ticket_id', '\u0000'],
    ['requestor', { name: 'x', email: 'a\u0000@b' }],
    ['requestor', { name: 'x', email: 'a\ud800@b' }],
    ['requestor', 'a\u0000@b'],
    ['owners', ['a\udfff@b']],
    ['grants', [{ kind: 'k', target: 't', parameters: { 'a\u0000': 'b' } }]],
    ['grants', [{ kind: 'k', target: 't', parameters: { a: '\ud800' } }]],
  ])('%s = %j cannot be stored, and is refused before', async (field, value) => {
    const answer = await make({ title: 'x', [field]: value });
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors[0].path.split('.')[0]).toBe(field);
  });

  test('an unknown key names the nearest that is known, a key of Lapse says whose it is', async () => {
    const errors = problemsAt(
      await make({ title: 'x', catgory: 'data', status: 'Approved', scope: { tenant: ['a'] } }),
    );
    expect(errors.catgory).toContain('category');
    expect(errors.status).toContain('set by Lapse');
    expect(errors['scope.tenant']).toContain('tenants');
  });

  test('keys with lone surrogates and controls come back as JSON can hold them', async () => {
    const answer = await make({ title: 'x', 'a\ud800\u0000\r\n': 1 });
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.text).not.toMatch(/[\r\n]/);
  });

  test('texts of all scripts and of SQL come back as they were sent', async () => {
    const title = `'); DROP TABLE lapse.events; -- "\\ 日本語 العربية 💥 ﷽ \u200f`.trim();
    const made = await make({ ...COMPLETE, title });
    expect(made.body.title).toBe(title);
    const read = await api.send('GET', `/v1/exceptions/${made.body.exception_id}`, { as });
    expect(read.body.title).toBe(title);
  });
});
