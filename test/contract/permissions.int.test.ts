import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { ALL_ROLES, APPROVAL_ROLES, type Role } from '../../src/domain/access/actor.ts';
import type { Permission } from '../../src/domain/access/permissions.ts';
import { sessionCookie } from '../../src/features/identity/session-cookie.ts';
import { guardRoutes } from '../../src/main/http-principal.ts';
import { requestValidator } from '../../src/main/request-validation.ts';
import { addRateLimits } from '../../src/platform/http/rate-limits.ts';
import { createServer } from '../../src/platform/http/server.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestRoute } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

/** Written out a second time, so that a permission is not given away by a slip in one place. */
const APPROVERS: readonly Role[] = ['approver', ...APPROVAL_ROLES];
const MAY: Readonly<Record<Permission, readonly Role[]>> = {
  'exception:read': ['administrator', 'requestor', ...APPROVERS, 'platform', 'auditor'],
  'exception:write': ['administrator', 'requestor', ...APPROVERS, 'platform'],
  'exception:approve': [...APPROVERS],
  'report:read': ['administrator', 'requestor', ...APPROVERS, 'platform', 'auditor'],
  'policy:read': ['administrator', 'requestor', ...APPROVERS, 'platform', 'auditor'],
  'policy:put': ['administrator'],
  'ledger:verify': ['administrator', 'requestor', ...APPROVERS, 'platform', 'auditor'],
  'ledger:open-epoch': ['administrator'],
  // Tasks come to whoever answers for something; consumers answer for themselves alone.
  'task:read': [
    'administrator',
    ...APPROVAL_ROLES.filter((role) => role !== 'consumer'),
    'platform',
    'auditor',
  ],
  'diagnosis:read': ['administrator', 'auditor'],
  'audit:read': ['administrator', 'auditor'],
  'task:retry': ['administrator'],
  'connection:manage': ['administrator'],
  'grant:read': ['administrator', 'requestor', ...APPROVERS, 'platform', 'auditor'],
  'removal:attest': ['platform'],
  'reconciliation:run': ['administrator', 'security', 'ciso', 'platform-lead', 'platform'],
  'finding:answer': ['security', 'ciso', 'platform-lead', 'platform'],
  'alert:read': ['administrator', 'security', 'ciso', 'platform', 'auditor'],
  'alert:answer': ['security', 'ciso'],
  'strike:lift': ['security', 'ciso'],
  'token:manage': ['administrator'],
  'person:read': ['administrator', 'auditor'],
  'person:manage': ['administrator'],
  'provider:manage': ['administrator'],
  'workload:manage': ['administrator'],
  'session:own': ['administrator', 'requestor', ...APPROVERS, 'platform', 'auditor', 'operator'],
  'session:manage': ['administrator'],
  'directory:sync': ['directory'],
  'passkey:move': ['administrator'],
  'clock:set': ['administrator', 'requestor', ...APPROVERS, 'platform', 'auditor'],
  'tenant:read': ['operator'],
  'tenant:manage': ['operator'],
};

const UNKNOWN = 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE';
/** Where clouds post, each with the secret of a connection: test/contract/event-posts.int.test.ts. */
const isPost = ({ url }: TestRoute) => url.startsWith('/v1/events/');
const guarded = api.routes.filter((route) => route.url.startsWith('/v1/') && !isPost(route));
const named = guarded.map((route) => [`${route.method} ${route.url}`, route] as const);
const directory = api.routes.filter(({ url }) => url.startsWith('/scim/'));
const open = api.routes.filter(({ url }) => !/^\/(v1|scim)\//.test(url)).map(({ url }) => url);

function pathOf({ url }: TestRoute): string {
  return url
    .replace(':id', UNKNOWN)
    .replace(':name', 'work')
    .replace(':index', '0')
    .replace('*', '0/000');
}

test('there are routes to check, and each says what it takes', () => {
  expect(guarded.length).toBeGreaterThan(30);
  expect(guarded.filter(({ permission }) => permission === undefined)).toEqual([]);
});

test('below /scim everything takes what a directory has, and nobody else', () => {
  expect(directory.length).toBeGreaterThan(15);
  expect(new Set(directory.map(({ permission }) => permission))).toEqual(
    new Set(['directory:sync']),
  );
  expect(MAY['directory:sync']).toEqual(['directory']);
});

test('outside both only health, the reference, a schema and the pages of sign-in answer, to whoever asks', () => {
  const known =
    /^\/(healthz|readyz|metrics|openapi\.json|schemas\/policy-pack\.json|docs(\/.*)?|sign-in(\/again|\/link\/:link|\/with\/:tenant\/:provider|\/callback)?|sign-out|passkeys(\.js)?|approve\/:id|)$/;
  expect(open.filter((url) => !known.test(url))).toEqual([]);
});

test('an auditor changes nothing, and approving is for approvers alone', () => {
  const changing = guarded.filter(
    ({ method, url }) => !['GET', 'HEAD'].includes(method) && !url.startsWith('/v1/test/'),
  );
  // A verification and what a policy would say are asked for with a body, and change nothing.
  // Their own sessions they may end.
  const asking: readonly unknown[] = ['ledger:verify', 'policy:read', 'session:own'];
  const forAuditors = changing.filter(({ permission }) =>
    permission ? MAY[permission].includes('auditor') && !asking.includes(permission) : true,
  );
  expect(forAuditors).toEqual([]);
  const approving = changing.filter(({ permission }) => permission === 'exception:approve');
  expect([...new Set(approving.map(({ url }) => url.split('/').at(-1)))].sort()).toEqual([
    'approve',
    'challenge',
    'delegations',
    'reject',
    'request-changes',
    'require-rearchitecture',
  ]);
});

describe.each(named)('%s', (_, route) => {
  const permitted = route.permission ? MAY[route.permission] : [];

  test.each(ALL_ROLES)('as %s', async (role) => {
    const answer = await api.send(route.method, pathOf(route), { as: role });
    if (permitted.includes(role)) {
      expect(answer.status).toBeLessThan(500);
      // A token is no person at a device, whatever its role.
      if (answer.body?.code !== 'session-required') expect([401, 403]).not.toContain(answer.status);
    } else if (route.method === 'HEAD') {
      expect(answer.status).toBe(403);
    } else {
      expectProblem(answer, 403, 'not-permitted');
    }
  });

  test('without a token', async () => {
    const answer = await api.send(route.method, pathOf(route));
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="lapse"');
    if (route.method === 'HEAD') expect(answer.status).toBe(401);
    else expectProblem(answer, 401, 'unauthenticated');
  });
});

describe.each(directory.map((route) => [`${route.method} ${route.url}`, route] as const))(
  '%s',
  (_, route) => {
    const url = pathOf(route);
    const isScim = { 'content-type': expect.stringContaining('application/scim+json') };

    test.each(ALL_ROLES)('as %s', async (role) => {
      const answer = await api.send(route.method, url, { as: role });
      expect(answer.headers).toMatchObject(answer.status === 204 ? {} : isScim);
      expect(answer.status).toBeLessThan(500);
      if (role === 'directory') expect([401, 403]).not.toContain(answer.status);
      else expect(answer.status).toBe(403);
    });

    test('without a token', async () => {
      const answer = await api.send(route.method, url);
      expect(answer.status).toBe(401);
      const challenge = { 'www-authenticate': 'Bearer realm="lapse"' };
      expect(answer.headers).toMatchObject({ ...isScim, ...challenge });
    });
  },
);

test('who may not is told so before anything else of the request is looked at', async () => {
  const hostile = { raw: '{'.repeat(2_000_000), headers: { 'if-match': 'x' } };
  const url = `/v1/exceptions/${UNKNOWN}/approve?unknown=1`;
  expectProblem(await api.send('POST', url, hostile), 401, 'unauthenticated');
  const asAuditor = await api.send('POST', url, { ...hostile, as: 'auditor' });
  expectProblem(asAuditor, 403, 'not-permitted');
});

test('a route that names no permission cannot be added', async () => {
  const logger = pino({ level: 'silent' });
  const app = await createServer({ logger, validatorCompiler: requestValidator });
  await addRateLimits(app);
  const adding = app.register(
    async (scope) => {
      const nobody = () => Promise.reject(new Error('nobody is asked'));
      const cookie = sessionCookie('http://localhost');
      const limits = { requests: 1, failures: 1, signIns: 1 };
      const readOnly = nobody;
      const assertFresh = () => {};
      guardRoutes(scope, {
        bearer: nobody,
        session: nobody,
        cookie,
        limits,
        readOnly,
        assertFresh,
      });
      scope.get('/forgotten', async () => 'open');
    },
    { prefix: '/v1' },
  );
  await expect(Promise.resolve(adding)).rejects.toThrow('GET /v1/forgotten names no permission');
  await app.close();
});
