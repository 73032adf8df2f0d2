import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY, formatInstant, MINUTE } from '../../src/domain/schedule/instant.ts';
import { auditQuery } from '../../src/features/audit/audit-query.ts';
import { makeSignInLink } from '../../src/features/identity/sign-in-link.ts';
import { AUDITED_STREAMS } from '../../src/main/stream-kinds.ts';
import { beforeUlidsOf, newUlid } from '../../src/platform/ids.ts';
import { draft, passed } from '../support/api-records.ts';
import { START } from '../support/given.ts';
import {
  CLIENT,
  startProvider,
  type TestProvider,
  visitProvider,
} from '../support/oidc-provider.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestAnswer, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi();
const LAPSE = 'http://localhost:7400';
const SAME_SITE = { origin: LAPSE, 'sec-fetch-site': 'same-origin' };
const as = 'administrator';
let provider: TestProvider;

interface Event {
  readonly event_id: string;
  readonly recorded_at: string;
  readonly type: string;
  readonly actor: { readonly id: string; readonly name: string; readonly signed_in: unknown };
  readonly subject: { readonly type: string; readonly id: string; readonly name: string | null };
  readonly data: Readonly<Record<string, unknown>>;
}

async function audit(query = '', request: TestRequest = { as: 'auditor' }): Promise<Event[]> {
  const answer = await api.send('GET', `/v1/audit?limit=200${query}`, request);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.items;
}

const send = async (method: string, url: string, body?: unknown, headers = {}) =>
  passed(await api.send(method, url, { as, body, headers }));

/** Signs in through the provider, as far as it lets them. */
async function signIn(login: string): Promise<TestAnswer> {
  const start = await api.send('GET', `/sign-in/with/${api.tenantId}/work`);
  const cookie = String(start.headers['set-cookie']).split(';')[0] ?? '';
  const back = await visitProvider(String(start.headers.location), login);
  return api.send('GET', `${back.pathname}${back.search}`, { headers: { cookie } });
}

const cookieOf = ({ headers }: TestAnswer) =>
  [headers['set-cookie']]
    .flat()
    .join(' ')
    .match(/lapse=[\w-]+/)?.[0] ?? '';

beforeAll(async () => {
  provider = await startProvider(LAPSE, {
    ada: { name: 'Ada L.', email: 'ada@example.com', email_verified: true, groups: ['security'] },
    eve: { name: 'Eve', email: 'eve@example.com', email_verified: true, groups: [] },
  });
  api.listInside(provider.issuer);
  const settings = {
    label: 'Work',
    issuer: provider.issuer,
    roles: { security: ['security'] },
    email_domains: ['example.com'],
  };
  await api.send('PUT', '/v1/providers/work', { as, body: { ...settings, ...CLIENT } });
  const signedIn = cookieOf(await signIn('ada'));
  expect((await signIn('eve')).status).toBe(401);
  await api.send('POST', '/sign-out', { headers: { cookie: signedIn, ...SAME_SITE } });

  const link = await api.register.db.inSystem((tx) =>
    makeSignInLink(tx, api.tenantId, { now: Date.now() }),
  );
  const linked = cookieOf(await api.send('POST', link, { headers: SAME_SITE }));
  const { items } = (await api.send('GET', '/v1/sessions', { headers: { cookie: linked } })).body;
  await send('DELETE', `/v1/sessions/${items[0].session_id}`);

  const token = await send('POST', '/v1/tokens', { name: 'A pipeline', role: 'auditor' });
  await send('DELETE', `/v1/tokens/${token.token_id}`);
  const person = await send('POST', '/v1/people', { name: 'B. Ode', roles: ['auditor'] });
  await send('PATCH', `/v1/people/${person.person_id}`, { roles: ['requestor'] });
  await send('POST', `/v1/people/${person.person_id}/deactivate`, { reason: 'has left' });
  await send('PUT', '/v1/policy', { ...BUILT_IN_POLICY, id: 'ours' }, { 'if-match': '"0"' });
  const until = formatInstant(START + 5 * DAY);
  const body = { to: 'dpo@lapse.test', until, reason: 'on leave' };
  const delegation = passed(await api.send('POST', '/v1/delegations', { as: 'ciso', body }));
  await send('POST', `/v1/delegations/${delegation.delegation_id}/end`, { reason: 'is back' });
  await api.send('DELETE', '/v1/providers/work', { as });
  await draft(api);
  await api.moveTo(START + 1_000);
});
afterAll(async () => {
  await provider.close();
  await api.close();
});

/** What happened to what, in the order in which it happened. */
const HAPPENED = [
  ['ProviderPut', 'work'],
  ['PersonAdded', 'Ada L.'],
  ['SubjectLinked', 'Ada L.'],
  ['SignedIn', 'Ada L.'],
  ['SignInRefused', 'work'],
  ['SessionEnded', 'Ada L.'],
  ['PersonAdded', 'Administrator'],
  ['SignInLinkMade', 'Administrator'],
  ['SignedIn', 'Administrator'],
  ['SessionEnded', 'Administrator'],
  ['TokenCreated', 'A pipeline'],
  ['TokenRevoked', 'A pipeline'],
  ['PersonAdded', 'B. Ode'],
  ['PersonChanged', 'B. Ode'],
  ['PersonDeactivated', 'B. Ode'],
  ['PolicyPut', api.tenantId],
  ['RolesDelegated', expect.stringMatching(/^dlg_/)],
  ['DelegationEnded', expect.stringMatching(/^dlg_/)],
  ['ProviderRemoved', 'work'],
];

describe('the audit', () => {
  test('shows sign-ins, refusals and administrative acts, the newest first', async () => {
    const events = await audit();
    const shown = events.map(({ type, subject }) => [type, subject.name ?? subject.id]);
    // Before them the tokens of the test itself were made.
    expect(shown.slice(0, HAPPENED.length)).toEqual(HAPPENED.toReversed());
    expect(new Set(shown.slice(HAPPENED.length).map(([type]) => type))).toEqual(
      new Set(['TokenCreated']),
    );
  });

  test('says who did it, how they had signed in, and why', async () => {
    const one = async (type: string, at = 0) => (await audit(`&type=${type}`))[at];
    const issuer = provider.issuer;
    const signed_in = { method: 'oidc', issuer, subject: 'ada' };
    expect(await one('SignedIn', 1)).toMatchObject({
      actor: { name: 'Ada L.', email: 'ada@example.com', role: 'security', signed_in },
      data: { method: 'oidc', issuer, subject: 'ada', session_id: expect.any(String) },
    });
    expect(await one('SessionEnded', 1)).toMatchObject({ data: { reason: 'signed-out' } });
    expect(await one('SessionEnded')).toMatchObject({
      actor: { name: 'administrator', signed_in: null },
      subject: { type: 'person', name: 'Administrator' },
      data: { reason: 'revoked' },
    });
    expect(await one('SignInRefused')).toMatchObject({
      subject: { type: 'provider', id: 'work' },
      data: { issuer, subject: 'eve', reason: expect.stringContaining('role') },
    });
    expect(await one('PersonDeactivated')).toMatchObject({ data: { reason: 'has left' } });
    expect(await one('PolicyPut')).toMatchObject({ data: { id: 'ours' } });
    expect((await one('PolicyPut'))?.data).not.toHaveProperty('pack');
  });

  test('names the place in the ledger that proves it', async () => {
    const [event] = await audit('&type=PolicyPut');
    const { ledger_index, event_id, at } = event as Event & { ledger_index: number; at: string };
    const { body } = await api.send('GET', `/v1/ledger/entries/${ledger_index}`, { as: 'auditor' });
    expect(body.envelope).toMatchObject({ event_id, at, type: 'PolicyPut' });
  });

  test('holds no secret, and not what one is recognised by', async () => {
    const text = JSON.stringify(await audit());
    expect(text).not.toContain('sha256":');
    expect(text).not.toContain(CLIENT.client_secret);
    for (const token of Object.values(api.tokens)) expect(text).not.toContain(token.slice(-43));
  });

  test('passes each event once, page after page', async () => {
    const all = (await audit()).map(({ event_id }) => event_id);
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const url = `/v1/audit?limit=7${cursor && `&cursor=${cursor}`}`;
      const { body } = await api.send('GET', url, { as: 'auditor' });
      found.push(...body.items.map(({ event_id }: Event) => event_id));
      cursor = body.next_cursor;
    }
    expect(found).toEqual(all);
    expect(all).toEqual(all.toSorted().toReversed());
  });

  test('is filtered by who acted, by type and by time, and by all of them', async () => {
    const all = await audit();
    const [ada] = all.filter(({ actor }) => actor.name === 'Ada L.');
    const byAda = await audit(`&actor=${ada?.actor.id}`);
    expect(byAda.map(({ type }) => type)).toEqual(['SessionEnded', 'SignedIn']);
    const both = await audit('&type=SignedIn&type=SignInRefused');
    expect(both.map(({ type }) => type)).toEqual(['SignedIn', 'SignInRefused', 'SignedIn']);
    const policy = all.find(({ type }) => type === 'PolicyPut') as Event;
    const from = policy.recorded_at;
    const to = formatInstant(Date.parse(from) + 1);
    const then = await audit(`&from=${from}&to=${to}`);
    expect(then).toEqual(all.filter(({ recorded_at }) => recorded_at === from));
    expect(await audit(`&to=${from}`)).toEqual(all.filter((each) => each.recorded_at < from));
    expect(await audit(`&from=${from}`)).toEqual(all.filter((each) => each.recorded_at >= from));
    expect(await audit(`&actor=${ada?.actor.id}&type=PolicyPut`)).toEqual([]);
    expect(await audit(`&from=${formatInstant(Date.now() + MINUTE)}`)).toEqual([]);
  });

  test.each([
    ['from', 'yesterday'],
    ['to', '2026-01-01'],
    ['actor', 'a%20b'],
    ['type', 'a-b'],
    ['limit', '201'],
    ['cursor', 'x'],
    ['colour', 'red'],
  ])('refuses %s=%s', async (name, value) => {
    const answer = await api.send('GET', `/v1/audit?${name}=${value}`, { as: 'auditor' });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors[0].path).toBe(name);
  });

  test('is of one tenant alone', async () => {
    const other = await api.addTenant();
    const events = await audit('', { token: other.tokens.auditor });
    const ids = new Set((await audit()).map(({ event_id }) => event_id));
    expect(events.length).toBeGreaterThan(0);
    expect(events.filter(({ event_id }) => ids.has(event_id))).toEqual([]);
  });
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

test('reads an index, however many records there are', async () => {
  const { tenantId } = api;
  const many = 60_000;
  await api.admin.query(
    `WITH e AS (SELECT * FROM lapse.events WHERE tenant_id = $1 AND stream_type = 'exception' LIMIT 1)
     INSERT INTO lapse.events (tenant_id, stream_type, stream_id, version, event_id, envelope)
     SELECT e.tenant_id, e.stream_type, 'EXC_' || n, 1, $3 || lpad(n::text, 16, '0'), e.envelope
     FROM e, generate_series(1, $2::int) AS n`,
    [tenantId, many, newUlid().slice(0, 10)],
  );
  await api.admin.query('VACUUM (ANALYZE) lapse.events');
  const application = new pg.Client(api.register.application);
  await application.connect();
  try {
    await application.query(`SET lapse.tenant = '${tenantId}'`);
    const page = { streams: AUDITED_STREAMS, before: undefined, count: 51 };
    for (const filter of [
      {},
      { actor: 'nobody' },
      { types: ['SignedIn'] },
      { to: Date.now() - DAY },
      { before: beforeUlidsOf(Date.now() - DAY) },
    ]) {
      const { text, values } = auditQuery(tenantId, { ...page, ...filter });
      const explain = `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`;
      const { rows } = await application.query(explain, [...values]);
      const nodes = nodesOf(rows[0]['QUERY PLAN'][0].Plan);
      const reads = nodes.filter((node) => node['Relation Name'] === 'events');
      expect(reads.map((node) => node['Index Name'])).toEqual(['events_for_audit']);
      const read = (reads[0]?.['Actual Rows'] ?? 0) + (reads[0]?.['Rows Removed by Filter'] ?? 0);
      expect(read).toBeLessThan(200);
    }
  } finally {
    await application.end();
  }
});
