import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROLES, type Role } from '../../src/domain/access/actor.ts';
import { isPermitted } from '../../src/domain/access/permissions.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { approveAll, COMMAND_BODIES, command, draft, passed } from '../support/api-records.ts';
import { tokenFor } from '../support/clearances.ts';
import { COMPLETE, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { form, PDF } from '../support/sample-files.ts';
import { createTestApi, type TestAnswer, type TestRequest } from '../support/test-api.ts';

// Real time stands still here, so that a token once looked up stays known.
const real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());

/** In every text of what is hidden, and in nothing else. */
const SECRET = 'zanzibar';
const UNKNOWN = 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE';
const secret = (service: string) => ({
  title: `The ${SECRET} bypass`,
  services: [service],
  owners: [{ name: SECRET, email: `${SECRET}@example.com` }],
});

const limited = new Map<Role, string>();
const hidden: string[] = [];
let shown = '';
let digest = '';

beforeAll(async () => {
  for (const role of ROLES) limited.set(role, await tokenFor(api, role, 'internal'));
  for (const token of [...limited.values(), ...Object.values(api.tokens)])
    await api.send('GET', '/v1/me', { token });
  shown = (await draft(api, { data_classification: 'internal', services: ['plain'] })).exception_id;
  for (const [index, ahead] of [0, 1, 2, 3].entries()) {
    const { exception_id: id } = await draft(api, secret(`${SECRET}-${index}`));
    hidden.push(id);
    await api.send('POST', `/v1/exceptions/${id}/comments`, {
      as: 'requestor',
      body: { body: `about ${SECRET}` },
    });
    if (ahead > 0) passed(await command(api, id, 'submit'));
    if (ahead > 1) passed(await approveAll(api, id));
    if (ahead > 2) passed(await command(api, id, 'activate'));
  }
  const { raw, headers } = form(PDF, `${SECRET}.pdf`);
  const added = await api.send('POST', `/v1/exceptions/${hidden[3]}/evidence`, {
    as: 'requestor',
    raw,
    headers,
  });
  digest = added.body.evidence_files[0].digest;
  await api.admin.query(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, 'task_hidden', 'quarantine', 'exception', $2, $3, now())`,
    [api.tenantId, hidden[3], `it has to do with ${SECRET}`],
  );
  await api.moveTo(START + 1_000);
});

/** What an answer tells, with the id that was asked for left out of it. */
function told({ status, headers, text }: TestAnswer, id: string) {
  const { date: _, 'x-request-id': __, 'lapse-time': ___, ...rest } = headers;
  const request = /"request_id":"[^"]+"/g;
  return { status, headers: rest, text: text.replaceAll(id, 'ID').replace(request, '') };
}

async function counted(run: () => Promise<TestAnswer>) {
  const before = api.register.db.roundTrips;
  const answer = await run();
  return { answer, trips: api.register.db.roundTrips - before };
}

const aboutRecords = api.routes.filter(({ url }) => url.startsWith('/v1/exceptions/:id'));
const bodies = (method: string, name: string): TestRequest[] => {
  if (method === 'PATCH') {
    const body = { title: 'other' };
    return ['"1"', '"7"'].map((revision) => ({ body, headers: { 'if-match': revision } }));
  }
  if (method !== 'POST') return [{}];
  const body = COMMAND_BODIES[name] ?? {};
  const plain = [{ body }, { body, headers: { 'if-match': '"7"' } }];
  return name === 'evidence' ? [...plain, form(PDF, 'a.pdf')] : plain;
};

describe('a record above a clearance', () => {
  test('is asked for by every route that there is', () => {
    expect(aboutRecords.length).toBeGreaterThan(20);
  });

  describe.each(aboutRecords.map((route) => [`${route.method} ${route.url}`, route] as const))(
    '%s',
    (_, { method, url }) => {
      test.each(ROLES)(
        'answers a %s as for one that is not there, by as many round trips',
        async (role) => {
          const token = limited.get(role) ?? '';
          const at = (id: string) => url.replace(':id', id).replace(':digest', digest);
          for (const request of bodies(method, url.split('/').at(-1) ?? '')) {
            const none = await counted(() => api.send(method, at(UNKNOWN), { token, ...request }));
            for (const id of hidden) {
              const one = await counted(() => api.send(method, at(id), { token, ...request }));
              expect(told(one.answer, id)).toEqual(told(none.answer, UNKNOWN));
              expect(one.answer.status).toBeGreaterThanOrEqual(400);
              expect(one.trips).toBe(none.trips);
            }
          }
        },
      );
    },
  );

  test.each(['approve', 'reject', 'revoke', 'reassign'])(
    'is not found by bulk/%s',
    async (name) => {
      const more =
        name === 'reassign' ? { owners: ['x@example.com'] } : { reason: 'a reason for all' };
      const token = limited.get(name === 'approve' || name === 'reject' ? 'ciso' : 'requestor');
      const send = (id: string) =>
        api.send('POST', `/v1/bulk/${name}`, { token: token ?? '', body: { ids: [id], ...more } });
      for (const id of hidden)
        expect(told(await send(id), id)).toEqual(told(await send(UNKNOWN), UNKNOWN));
    },
  );

  test('is not told of by its task', async () => {
    const token = limited.get('administrator') ?? '';
    const retry = (id: string) => api.send('POST', `/v1/tasks/${id}/retry`, { token });
    const one = await retry('task_hidden');
    expectProblem(one, 404, 'not-found');
    expect(told(one, 'task_hidden')).toEqual(told(await retry('task_nobody'), 'task_nobody'));
    const all = await api.send('GET', '/v1/tasks?all=true', { as: 'administrator' });
    expect(all.text).toContain(SECRET);
  });
});

const plainReads = api.routes.filter(
  ({ method, url }) => method === 'GET' && url.startsWith('/v1/') && !/[:*]/.test(url),
);
const EXPORTS = ['csv', 'json', 'jsonl', 'md'].map((ending) => `/v1/exports/register.${ending}`);
const LISTS = [
  '',
  'open=true',
  `q=${SECRET}`,
  `service=${SECRET}-0`,
  'data_classification=restricted',
];

// A directory reads nothing of the register, whatever its clearance is.
describe.each(ROLES.filter((role) => isPermitted(role, 'exception:read')))(
  'cleared for what is internal, a %s',
  (role) => {
    const get = (url: string) => api.send('GET', url, { token: limited.get(role) ?? '' });
    const hides = ({ text }: TestAnswer) => {
      expect(text.toLowerCase()).not.toContain(SECRET);
      for (const id of hidden) expect(text).not.toContain(id);
    };

    test.each([...plainReads.map(({ url }) => url), ...EXPORTS])(
      'is shown nothing of it by %s',
      async (url) => {
        hides(await get(url));
      },
    );

    test.each(['exceptions', 'exception-summaries'])('counts none in %s', async (list) => {
      for (const query of LISTS.flatMap((each) => [each, `${each}&count=exact`])) {
        const { body } = await get(`/v1/${list}?${query}`);
        const isAll = query === '' || query === '&count=exact';
        expect(body.total, query).toBe(isAll ? 1 : 0);
        expect(body.items).toHaveLength(isAll ? 1 : 0);
      }
    });

    test('is not told by a comparison of policies', async () => {
      const token = limited.get(role) ?? '';
      const body = { ...BUILT_IN_POLICY, undecided_after: 'P10D' };
      const answer = await api.send('POST', '/v1/policy/diff', { token, body });
      hides(answer);
      expect(answer.text).toContain('"records":0');
    });

    test('reads every envelope of the ledger and no payload of it', async () => {
      const seen: unknown[] = [];
      for (let index = 0; ; index += 1) {
        const { status, body } = await get(`/v1/ledger/entries/${index}`);
        if (status === 404) break;
        const { stream } = body.envelope;
        if (!hidden.some((id) => stream === `exception:${id}`)) {
          expect(body.payload).not.toBeNull();
          continue;
        }
        seen.push(stream);
        expect(body).toMatchObject({ payload: null, salt_base64: null });
        expect((await get(`/v1/ledger/entries/${index}/proof`)).status).toBe(200);
      }
      expect(new Set(seen).size).toBe(hidden.length);
    });
  },
);

test('a file of its evidence is sent to who is cleared, and to nobody else', async () => {
  const url = `/v1/exceptions/${hidden[3]}/evidence/${digest}`;
  expect((await api.send('GET', url, { as: 'auditor' })).status).toBe(200);
  // Neither through a record that they may see, though the store has one file for both.
  const through = `/v1/exceptions/${shown}/evidence/${digest}`;
  expectProblem(
    await api.send('GET', through, { token: limited.get('auditor') ?? '' }),
    404,
    'not-found',
  );
});

test('verification goes over all of it, whoever asks, and tells no content', async () => {
  const answer = await api.send('GET', '/v1/ledger/verification', {
    token: limited.get('auditor') ?? '',
  });
  expect(answer.text).toContain('"ok":true');
  expect(answer.text).not.toContain(SECRET);
});

test('who is cleared sees it as ever', async () => {
  const restricted = await tokenFor(api, 'auditor', 'restricted');
  for (const id of hidden)
    expect(
      passed(await api.send('GET', `/v1/exceptions/${id}`, { token: restricted })),
    ).toMatchObject({
      data_classification: COMPLETE.data_classification,
    });
  const all = await api.send('GET', '/v1/exceptions?count=exact', { token: restricted });
  expect(all.body.total).toBe(hidden.length + 1);
});
