import { afterEach, expect, test, vi } from 'vitest';
import { connect } from './connection.ts';

afterEach(() => vi.unstubAllEnvs());

test.each(['two words', '{"token": "lapse_1_secret"}', 'lapse_1_secret\nlapse_2_secret'])(
  'what is no token is neither sent nor shown: %j',
  (token) => {
    vi.stubEnv('LAPSE_TOKEN', token);
    vi.stubEnv('LAPSE_URL', 'http://127.0.0.1:1');
    expect(() => connect()).toThrow(/^LAPSE_TOKEN does not hold a token$/);
  },
);

test('a token of a pipeline is sent, with the tenant that it does not name', async () => {
  vi.stubEnv('LAPSE_TOKEN', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_\n');
  vi.stubEnv('LAPSE_TENANT', '01J6M9M5Y0Q2H6W2QF9Q1VABCD');
  vi.stubEnv('LAPSE_URL', 'https://lapse.example.com');
  const sent: Headers[] = [];
  const client = connect(process.env, {
    fetch: async (input, init) => {
      sent.push(new Request(input, init).headers);
      return Response.json({ items: [] });
    },
  });
  await client.GET('/v1/workloads');
  expect(sent[0]?.get('authorization')).toBe('Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_');
  expect(sent[0]?.get('lapse-tenant')).toBe('01J6M9M5Y0Q2H6W2QF9Q1VABCD');
});
