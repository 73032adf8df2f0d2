import { expect } from 'vitest';
import type { Policy } from '../../src/domain/policy/policy.ts';
import { makeSignInLink } from '../../src/features/identity/sign-in-link.ts';
import { passed, type TestRecord } from './api-records.ts';
import { askingFor, COMPLETE, REASON } from './given.ts';
import { expectProblem } from './problem-shape.ts';
import { SoftwareAuthenticator } from './software-authenticator.ts';
import type { TestAnswer, TestApi } from './test-api.ts';

export const ORIGIN = 'http://localhost:7400';
/** What a browser sends with what a page of the site's own asks for. */
const SAME_SITE = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' };

const unsigned = askingFor([{ role: 'approver' }, { role: 'ciso' }]);
/** Two approvals, of which an approver's is signed. */
export const SIGNED_POLICY: Policy = {
  ...unsigned,
  id: 'signed',
  rules: [
    ...unsigned.rules.filter(({ effects }) => Object.keys(effects).length > 0),
    { id: 'signed', source: 'a test', match: {}, effects: { signatures: ['approver'] } },
  ],
};

/** Somebody in a browser. */
export class SigningPerson {
  readonly id: string;
  readonly device = new SoftwareAuthenticator(ORIGIN);
  readonly #api: TestApi;
  /** What their browser sends with every request. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(api: TestApi, id: string, cookie: string) {
    this.#api = api;
    this.id = id;
    this.headers = { cookie, ...SAME_SITE };
  }

  send(method: string, url: string, body?: unknown): Promise<TestAnswer> {
    const { headers } = this;
    return this.#api.send(method, url, { headers, ...(body === undefined ? {} : { body }) });
  }

  /** Registers a device; their own unless another is given. */
  async register(device = this.device): Promise<TestAnswer> {
    const { body: options } = await this.send('POST', '/v1/me/passkeys/challenge');
    const body = { name: 'A device', credential: device.create(options) };
    return this.send('POST', '/v1/me/passkeys', body);
  }

  /** The challenge of an approval. */
  challenge(id: string, terms: object = {}): Promise<TestAnswer> {
    return this.send('POST', `/v1/exceptions/${id}/approve/challenge`, {
      reason: REASON,
      ...terms,
    });
  }

  /** Sends an approval with what a device has answered. */
  approve(id: string, signature: unknown, terms: object = {}): Promise<TestAnswer> {
    const body = { reason: REASON, ...terms, signature };
    return this.send('POST', `/v1/exceptions/${id}/approve`, body);
  }

  /** Asks, signs and sends. */
  async sign(id: string): Promise<TestAnswer> {
    const { body } = await this.challenge(id);
    if (!body.options) throw new Error(JSON.stringify(body));
    return this.approve(id, this.device.get(body.options));
  }
}

/** Somebody who is known by an address, with roles, signed in by a link. */
export async function signedIn(
  api: TestApi,
  email: string,
  { now, roles = ['approver'] }: { readonly now: number; readonly roles?: readonly string[] },
): Promise<SigningPerson> {
  const body = { name: email.split('@')[0], email, roles, clearance: 'confidential' };
  const known = await api.send('POST', '/v1/people', { as: 'administrator', body });
  if (known.status !== 201 && known.status !== 409) throw new Error(known.text);
  const link = await api.register.db.inSystem((tx) =>
    makeSignInLink(tx, api.tenantId, { email, now }),
  );
  const answer = await api.send('POST', link, { headers: SAME_SITE });
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
  const me = await api.send('GET', '/v1/me', { headers: { cookie } });
  return new SigningPerson(api, me.body.id, cookie);
}

/** Puts a pack in force. */
export async function putPolicy(api: TestApi, pack: Policy): Promise<void> {
  const { headers } = await api.send('GET', '/v1/policy', { as: 'administrator' });
  const put = { headers: { 'if-match': String(headers.etag) }, body: pack } as const;
  const answer = await api.send('PUT', '/v1/policy', { as: 'administrator', ...put });
  if (answer.status >= 300) throw new Error(answer.text);
}

/** A request that waits for approvals. */
export async function request(api: TestApi, fields: object = {}): Promise<TestRecord> {
  const body = { ...COMPLETE, ...fields };
  return passed(await api.send('POST', '/v1/exceptions?submit=true', { as: 'requestor', body }));
}

/** Verifies the ledger. */
export function verify(api: TestApi) {
  return api.lapse.verifyLedger(api.tenantId, () => {}, new AbortController().signal);
}

/** Everything that a refusal must not have changed. */
export async function stored(api: TestApi): Promise<unknown> {
  const tables = ['events', 'event_payloads', 'exceptions', 'passkey_challenges', 'people'];
  const rows = tables.map(
    (table) =>
      `(SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM lapse.${table} t) AS ${table}`,
  );
  return (await api.admin.query(`SELECT ${rows.join(', ')}`)).rows[0];
}

/** Refused with a code and words, and nothing is changed by it. */
export async function refused(
  api: TestApi,
  act: () => Promise<TestAnswer>,
  status: number,
  code: string,
  words: string | RegExp,
): Promise<void> {
  const before = await stored(api);
  const answer = await act();
  expectProblem(answer, status, code);
  if (typeof words === 'string') expect(answer.body.detail).toContain(words);
  else expect(answer.body.detail).toMatch(words);
  expect(await stored(api)).toEqual(before);
}
