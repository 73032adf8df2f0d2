import { afterAll, describe, expect, test } from 'vitest';
import { createTestApi, type TestAnswer } from '../support/test-api.ts';

const api = await createTestApi();
const secure = await createTestApi({ config: { publicUrl: 'https://lapse.example.com' } });
afterAll(() => Promise.all([api.close(), secure.close()]));

const ANSWERS: readonly (readonly [string, string, number])[] = [
  ['GET', '/v1/exceptions', 200],
  ['GET', '/v1/me', 200],
  ['GET', '/v1/exports/register.csv', 200],
  ['POST', '/v1/exceptions', 422],
  ['GET', '/v1/exceptions/EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCD', 404],
  ['GET', '/v1/nothing', 404],
  ['GET', '/v1/tokens', 403],
  ['GET', '/sign-in', 200],
  ['GET', '/', 303],
  ['GET', '/docs', 200],
  ['GET', '/healthz', 200],
];

describe.each(ANSWERS)('%s %s', (method, url, status) => {
  const ask = async (): Promise<TestAnswer> => {
    const answer = await api.send(method, url, { as: 'requestor' });
    expect(answer.status, answer.text).toBe(status);
    return answer;
  };

  test('is no type but its own, is framed by nobody, and tells no other site where it is', async () => {
    const { headers } = await ask();
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    expect(headers['content-security-policy']).not.toMatch(/script-src[^;]*(\*|unsafe|http)/);
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
  });

  test('asks for no device', async () => {
    const { headers } = await ask();
    for (const device of ['camera', 'geolocation', 'microphone'])
      expect(String(headers['permissions-policy'])).toContain(`${device}=()`);
  });

  test('is kept nowhere', async () => {
    const { headers } = await ask();
    if (url !== '/docs') expect(headers['cache-control']).toBe('no-store');
  });

  test('binds browsers to https over https alone', async () => {
    expect((await ask()).headers).not.toHaveProperty('strict-transport-security');
    const { headers } = await secure.send(method, url, { as: 'requestor' });
    expect(headers['strict-transport-security']).toMatch(/^max-age=31536000\b/);
  });
});

test.each([
  ['/v1/exceptions', 401],
  // No hook runs for an address that cannot be read.
  ['/v1/%zz', 400],
])('GET %s without a token is kept nowhere, and runs nothing, either', async (url, status) => {
  const answer = await api.send('GET', url);
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
  });
});
