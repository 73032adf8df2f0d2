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
