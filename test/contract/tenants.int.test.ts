import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { COMMAND_BODIES } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { form, PDF } from '../support/sample-files.ts';
import { createTestApi, type TestAnswer, type TestTenant } from '../support/test-api.ts';

const PATCHES: Readonly<Record<string, unknown>> = {
  exceptions: { title: 'mine now' },
  people: { name: 'mine now' },
};
const BODIES: Readonly<Record<string, unknown>> = {
  ...COMMAND_BODIES,
  deactivate: { reason: 'left the company' },
  reactivate: { reason: 'came back to it' },
  end: {},
  access: { roles: ['administrator'] },
};

const api = await createTestApi();
let other: TestTenant;
/** Of a file that the other tenant has as evidence. */
let digest: string;
/** By the first part of the path: an id that the other tenant has, and one that nobody has. */
const ids: Record<string, { theirs: string; nobodys: string }> = {};

beforeAll(async () => {
  other = await api.addTenant();
  const as = { token: other.tokens.requestor };
  const made = await api.send('POST', '/v1/exceptions', {
    ...as,
    body: { ...COMPLETE, title: 'of another tenant' },
  });
  const theirs = made.body.exception_id;
  await api.send('POST', `/v1/exceptions/${theirs}/comments`, { ...as, body: { body: 'theirs' } });
  const added = await api.send('POST', `/v1/exceptions/${theirs}/evidence`, {
    ...as,
    ...form(PDF, 'theirs.pdf'),
  });
  digest = added.body.evidence_files[0].digest;
  await api.admin.query(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, 'task_01J6M9M5Y0Q2H6W2QF9Q1VABCD', 'quarantine', 'exception', $2, 'x', now())`,
    [other.tenantId, theirs],
  );
  const tokens = await api.send('GET', '/v1/tokens', { token: other.tokens.administrator });
  const workload = await api.send('POST', '/v1/workloads', {
    token: other.tokens.administrator,
    body: {
      ...{ name: 'deploy', role: 'requestor' },
      ...{ issuer: 'https://ci.example.com', claims: { sub: 'x' } },
    },
  });
  ids.workloads = {
    theirs: workload.body.workload_id,
    nobodys: 'wl_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  };
  ids.exceptions = { theirs, nobodys: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
  ids.tasks = {
    theirs: 'task_01J6M9M5Y0Q2H6W2QF9Q1VABCD',
    nobodys: 'task_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  };
  const leave = {
    to: 'dpo@lapse.test',
    until: formatInstant(START + 10 * DAY),
    reason: 'on leave until then',
  };
  const delegated = await api.send('POST', '/v1/delegations', {
    token: other.tokens.ciso,
    body: leave,
  });
  ids.delegations = {
    theirs: delegated.body.delegation_id,
    nobodys: 'dlg_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  };
  ids.tokens = {
    theirs: tokens.body.items[0].token_id,
    nobodys: 'tok_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  };
  const person = await api.send('POST', '/v1/people', {
    token: other.tokens.administrator,
    body: { name: 'of another tenant' },
  });
  const group = await api.send('POST', '/scim/v2/Groups', {
    token: other.tokens.directory,
    body: { displayName: 'of another tenant' },
  });
  ids.people = { theirs: person.body.person_id, nobodys: 'per_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
  ids.groups = { theirs: group.body.id, nobodys: 'grp_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
});
afterAll(() => api.close());

const scoped = api.routes.filter(
  // A session that is not there has ended, whoever's it was: sessions.int.test.ts has those of others.
  ({ url }) => url.startsWith('/v1/') && url.includes(':id') && !url.startsWith('/v1/sessions'),
);

describe.each(scoped.map((route) => [`${route.method} ${route.url}`, route] as const))(
  '%s',
  (_, { method, url, permission }) => {
    test("with another tenant's id is as with an unknown one", async () => {
      const kind = url.split('/')[2] ?? '';
      const pair = ids[kind];
      if (!pair) throw new Error(`this suite knows no ids of ${kind}: add them`);
      const body = method === 'PATCH' ? PATCHES[kind] : BODIES[url.split('/').at(-1) ?? ''];
      const ask = (id: string): Promise<TestAnswer> =>
        api.send(method, url.replace(':id', id).replace(':digest', digest), {
          as: permission === 'exception:approve' ? 'approver' : 'administrator',
          body,
          headers: { ...(method === 'PATCH' ? { 'if-match': '"1"' } : {}), 'x-request-id': 'same' },
        });
      const [theirs, nobodys] = await Promise.all([ask(pair.theirs), ask(pair.nobodys)]);
      expect(theirs.status, theirs.text).toBe(404);
      expect(theirs.text.replaceAll(pair.theirs, pair.nobodys)).toBe(nobodys.text);
      const { date: _one, 'content-length': _two, ...headers } = theirs.headers;
      const { date: _three, 'content-length': _four, ...expected } = nobodys.headers;
      expect(headers).toEqual(expected);
    });
  },
);

test('nothing of what was tried has reached the other tenant', async () => {
  const as = { token: other.tokens.requestor };
  const record = await api.send('GET', `/v1/exceptions/${ids.exceptions?.theirs}`, as);
  expect(record.body).toMatchObject({ title: 'of another tenant', revision: 2, status: 'Draft' });
  const token = await api.send('GET', '/v1/tokens', { token: other.tokens.administrator });
  expect(token.body.items.every((item: { revoked_at: unknown }) => item.revoked_at === null)).toBe(
    true,
  );
});

test('lists show nothing of another tenant, whatever is asked for', async () => {
  const lists = [
    '/v1/exceptions?count=exact',
    `/v1/exceptions?q=${ids.exceptions?.theirs}`,
    '/v1/exceptions?q=another&status=Draft',
    '/v1/exceptions?requestor=rivera@example.com',
    '/v1/exceptions?owner=osei@example.com',
    '/v1/exceptions?policy_ref=08-security/Security-Guidelines%23authn-authz',
    '/v1/tasks?all=true',
  ];
  for (const url of lists) {
    const { status, body } = await api.send('GET', url, { as: 'administrator' });
    expect({ url, status, items: body.items }).toEqual({ url, status: 200, items: [] });
  }
  const found = await api.send('GET', '/v1/exceptions?q=another', {
    token: other.tokens.requestor,
  });
  expect(found.body.total).toBe(1);
});

test('a record cannot be put into another tenant', async () => {
  const body = { ...COMPLETE, tenant_org: other.tenantId };
  const answer = await api.send('POST', '/v1/exceptions', { as: 'requestor', body });
  expect(answer.status).toBe(422);
  expect(answer.body.errors[0].path).toBe('tenant_org');
});
