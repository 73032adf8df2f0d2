import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { makeSignInLink, spendSignInLink } from '../../src/features/identity/sign-in-link.ts';
import { writeRecords } from '../due/due-records.ts';
import { COMMAND_BODIES } from '../support/api-records.ts';
import { COMPLETE, inStatus, START } from '../support/given.ts';
import { raisedAlert } from '../support/raised-alert.ts';
import { form, PDF } from '../support/sample-files.ts';
import { openFinding } from '../support/stored-finding.ts';
import { createTestApi, type TestAnswer, type TestTenant } from '../support/test-api.ts';

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
  const group = await api.send('POST', '/scim/v2/Groups', {
    token: other.tokens.directory,
    body: { displayName: 'of another tenant' },
  });
  ids.groups = { theirs: group.body.id, nobodys: 'grp_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
  await addPeople();
  await addEnforcement();
  ids.policy = { theirs: await putPolicy(), nobodys: `sha256:${'0'.repeat(64)}` };
});
afterAll(() => api.close());

const PROVIDER = { label: 'Work', issuer: 'https://id.example.com', client_id: 'lapse' };
const LONG = 'looked at together with the team';
const until = (url: string) =>
  url.endsWith('/accept') ? { until: formatInstant(START + 10 * DAY) } : {};
const LEFT = { reason: 'left the company' };

/** Somebody who is signed in, a delegation, and a provider of sign-in, all of the other tenant. */
async function addPeople(): Promise<void> {
  const as = { token: other.tokens.administrator };
  const body = { name: 'Theirs', email: 'theirs@example.com', roles: ['administrator'] };
  const added = await api.send('POST', '/v1/people', { ...as, body });
  ids.people = { theirs: added.body.person_id, nobodys: 'per_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
  const path = await api.register.db.inSystem((tx) =>
    makeSignInLink(tx, other.tenantId, { email: body.email, now: Date.now() }),
  );
  const link = path.split('/').at(-1) ?? '';
  const { db } = api.register;
  await spendSignInLink(db, api.lapse.sessions, link, { userAgent: undefined, now: Date.now() });
  const { rows } = await api.admin.query('SELECT session_id FROM lapse.sessions');
  ids.sessions = { theirs: rows[0].session_id, nobodys: 'ses_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
  const until = formatInstant(START + 10 * DAY);
  const delegated = await api.send('POST', '/v1/delegations', {
    token: other.tokens.ciso,
    body: { to: 'dpo@lapse.test', until, reason: 'on leave' },
  });
  ids.delegations = {
    theirs: delegated.body.delegation_id,
    nobodys: 'del_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  };
  await api.send('PUT', '/v1/providers/work', { ...as, body: PROVIDER });
}

/** A grant that a person is to take away, a finding and a report of the other tenant. */
async function addEnforcement(): Promise<void> {
  const { tenantId } = other;
  const grants = [{ kind: 'account', target: 'the gateway' }];
  const granted = inStatus('Active', { grants, services: ['vpn'] }).after(0);
  const [id] = await writeRecords(api.register.db, tenantId, granted, 1);
  const revoke = { token: other.tokens.administrator, body: { reason: 'it is over for good now' } };
  await api.send('POST', `/v1/exceptions/${id}/revoke`, revoke);
  await api.lapse.loop.settle();
  const tasks = await api.send('GET', '/v1/removal-tasks', { token: other.tokens.platform });
  const [grant] = tasks.body.items;
  ids.grants = { theirs: grant.grant_id, nobodys: 'GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCE-1' };
  ids['removal-tasks'] = {
    theirs: grant.removal_task.task_id,
    nobodys: 'RMT_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  };
  const finding = await openFinding({ register: api.register, tenantId });
  ids.findings = { theirs: finding, nobodys: 'FND_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
  const alert = await raisedAlert(api.register.db, tenantId);
  ids.alerts = { theirs: alert, nobodys: 'ALT_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
  const report = 'RCN_01J6M9M5Y0Q2H6W2QF9Q1VABCD';
  await api.admin.query(
    `INSERT INTO lapse.reconciliations (tenant_id, reconciliation_id, cause, started_at, finished_at, next_due_at, is_complete)
     VALUES ($1, $2, 'scheduled', now(), now(), now(), true)`,
    [tenantId, report],
  );
  ids.reconciliations = { theirs: report, nobodys: 'RCN_01J6M9M5Y0Q2H6W2QF9Q1VABCE' };
}

/** A policy of the other tenant's own; answers the digest that its pack is kept by. */
async function putPolicy(): Promise<string> {
  const as = { token: other.tokens.administrator };
  const { headers } = await api.send('GET', '/v1/policy', as);
  const put = await api.send('PUT', '/v1/policy', {
    ...as,
    body: { ...BUILT_IN_POLICY, id: 'theirs' },
    headers: { 'if-match': String(headers.etag) },
  });
  return put.body.digest;
}

/** What is no id of anything: a form, a place in the asker's own ledger, a name that is each tenant's own. */
const NO_ID = /:(format|index|name|connection)\b/;
// Every tenant is another one to an operator: what they may do has a suite of its own.
const scoped = api.routes.filter(
  ({ url, permission }) =>
    url.startsWith('/v1/') &&
    url.includes(':') &&
    !NO_ID.test(url) &&
    // One's own passkeys are no other's, in whatever tenant: passkeys.int.test.ts.
    !url.startsWith('/v1/me/') &&
    !permission?.startsWith('tenant:'),
);

describe.each(scoped.map((route) => [`${route.method} ${route.url}`, route] as const))(
  '%s',
  (_, { method, url, permission }) => {
    test("with another tenant's id is as with an unknown one", async () => {
      const kind = url.split('/')[2] ?? '';
      const pair = ids[kind];
      if (!pair) throw new Error(`this suite knows no ids of ${kind}: add them`);
      const ask = (id: string): Promise<TestAnswer> =>
        api.send(method, pathOf(url, id), {
          as: WHO_MAY[`${permission}`] ?? 'administrator',
          body: bodyOf(method, url),
          headers: { ...(method === 'PATCH' ? { 'if-match': '"1"' } : {}), 'x-request-id': 'same' },
        });
      const [theirs, nobodys] = await Promise.all([ask(pair.theirs), ask(pair.nobodys)]);
      // A session that is not there has ended already.
      expect(theirs.status, theirs.text).toBe(kind === 'sessions' ? 204 : 404);
      expect(theirs.text.replaceAll(pair.theirs, pair.nobodys)).toBe(nobodys.text);
      const { date: _one, 'content-length': _two, ...headers } = theirs.headers;
      const { date: _three, 'content-length': _four, ...expected } = nobodys.headers;
      expect(headers).toEqual(expected);
    });
  },
);

function pathOf(url: string, id: string): string {
  return url.includes(':id')
    ? url.replace(':id', id).replace(':digest', digest)
    : url.replace(':digest', id);
}

/** Who may do what an administrator may not. */
const WHO_MAY: Readonly<Record<string, 'approver' | 'platform' | 'security'>> = {
  'alert:answer': 'security',
  'strike:lift': 'security',
  'exception:approve': 'approver',
  'removal:attest': 'platform',
  'finding:answer': 'platform',
};

function bodyOf(method: string, url: string): unknown {
  if (url.endsWith('/lift-strikes') || url.endsWith('/answer')) return { reason: LONG };
  if (url.startsWith('/v1/people/'))
    return method === 'PATCH' ? { name: 'mine now' } : method === 'POST' ? LEFT : undefined;
  if (url.startsWith('/v1/findings/'))
    return url.endsWith('/adopt') ? {} : { reason: LONG, ...until(url) };
  if (url.endsWith('/attest')) return { statement: LONG, links: ['https://example.com/log'] };
  if (url.endsWith('/access')) return { roles: ['requestor'], clearance: 'internal' };
  if (url.endsWith('/approve/challenge')) return COMMAND_BODIES.approve;
  return method === 'PATCH' ? { title: 'mine now' } : COMMAND_BODIES[url.split('/').at(-1) ?? ''];
}

test('a provider of sign-in is found under its name by its own tenant alone', async () => {
  expect((await api.send('GET', '/v1/providers', { as: 'administrator' })).body.items).toEqual([]);
  const gone = await api.send('DELETE', '/v1/providers/work', { as: 'administrator' });
  expect(gone.status).toBe(404);
  const mine = { ...PROVIDER, label: 'Mine' };
  await api.send('PUT', '/v1/providers/work', { as: 'administrator', body: mine });
  const theirs = await api.send('GET', '/v1/providers', { token: other.tokens.administrator });
  expect(theirs.body.items.map(({ label }: { label: string }) => label)).toEqual(['Work']);
});

test('nothing of what was tried has reached the other tenant', async () => {
  const as = { token: other.tokens.requestor };
  const record = await api.send('GET', `/v1/exceptions/${ids.exceptions?.theirs}`, as);
  expect(record.body).toMatchObject({ title: 'of another tenant', revision: 2, status: 'Draft' });
  const token = await api.send('GET', '/v1/tokens', { token: other.tokens.administrator });
  expect(token.body.items.every((item: { revoked_at: unknown }) => item.revoked_at === null)).toBe(
    true,
  );
});

test('whoever is signed in there still is', async () => {
  const { rows } = await api.admin.query('SELECT session_id FROM lapse.sessions');
  expect(rows).toEqual([{ session_id: ids.sessions?.theirs }]);
  const people = await api.send('GET', '/v1/people?active=true', {
    token: other.tokens.administrator,
  });
  expect(people.body.items.map(({ name }: { name: string }) => name)).toEqual(['Theirs']);
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
    '/v1/people',
    '/v1/delegations',
    `/v1/sessions?person=${ids.people?.theirs}`,
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
