import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import type { Policy } from '../../src/domain/policy/policy.ts';
import { policyDigest } from '../../src/domain/policy/policy-digest.ts';
import { packSchema } from '../../src/domain/policy/policy-pack.ts';
import { DAY, formatInstant, type Instant } from '../../src/domain/schedule/instant.ts';
import { approveAll, command, draft, recordIn } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestAnswer } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

/** Any instant of a day: the clock goes on while a test runs. */
function dayOf(instant: Instant) {
  return expect.stringMatching(`^${formatInstant(instant).slice(0, 10)}T`);
}

/** The built-in pack, with a rule more; its templates would have to keep to that rule. */
function packWith(id: string, effects: object, match: object = {}): Policy {
  const rule = { id, source: 'a test', match, effects };
  const { templates: _, ...pack } = BUILT_IN_POLICY;
  return { ...pack, id, rules: [...pack.rules, rule] };
}

async function version(): Promise<number> {
  return (await api.send('GET', '/v1/policy', { as: 'requestor' })).body.version;
}

async function put(pack: unknown, headers = {}): Promise<TestAnswer> {
  const given = { 'if-match': `"${await version()}"`, ...headers };
  return api.send('PUT', '/v1/policy', { as: 'administrator', body: pack, headers: given });
}

const STRICT = packWith('strict', { approvals: [{ role: 'dpo' }], reminders: ['P14D'] });
const SHORT = packWith('short', { maximum: 'P20D', total: 'P60D', artifacts: ['memo'] });

describe('before a company has one of its own', () => {
  test('the pack in force is the built-in one', async () => {
    const answer = await api.send('GET', '/v1/policy', { as: 'auditor' });
    expect(answer.headers.etag).toBe('"0"');
    expect(answer.body).toEqual({
      version: 0,
      digest: policyDigest(BUILT_IN_POLICY),
      built_in: true,
      since: null,
      by: null,
      pack: BUILT_IN_POLICY,
    });
  });

  test('a request names it, and it is kept', async () => {
    const { policy } = await recordIn(api, 'Under-Review');
    expect(policy).toBe(policyDigest(BUILT_IN_POLICY));
    const { rows } = await api.admin.query('SELECT digest FROM lapse.policy_packs');
    expect(rows).toEqual([{ digest: policy }]);
    const found = await api.send('GET', `/v1/policy/packs/${policy}`, { as: 'auditor' });
    expect(found.body).toEqual(BUILT_IN_POLICY);
  });
});

describe('a template', () => {
  const given = { title: 'Open port 8443' };
  const post = (query: string, body: object = given) =>
    api.send('POST', `/v1/exceptions?${query}`, { as: 'requestor', body });

  test('gives its values to a record where that says nothing, from the time of the domain on', async () => {
    const { headers, body } = await api.send('GET', '/v1/policy/templates', { as: 'requestor' });
    expect(body).toEqual({ items: BUILT_IN_POLICY.templates });
    const made = await post('template=cross-region-triage', { ...given, stride: 'T' });
    expect(made).toMatchObject({ status: 201, body: { ...given, stride: 'T', category: 'data' } });
    const [step] = made.body.remediation_plan.steps;
    const asOf = Date.parse(String(headers.date));
    expect(step).toEqual({ text: 'Delete the copy', due: dayOf(asOf + 14 * DAY) });
  });

  test('that the pack does not have is refused with those that it has', async () => {
    const answer = await post('template=nothing');
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors).toEqual([
      { path: 'template', message: expect.stringContaining('model-watermarking, cross-region') },
    ]);
    expect((await post('template=firewall&submit=true')).status).toBe(422);
  });
});

test('the schema of packs is served to whoever asks', async () => {
  const answer = await api.send('GET', '/schemas/policy-pack.json');
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toContain('application/schema+json');
  expect(answer.body).toEqual(packSchema());
  const file = new URL('../../packages/client/policy-pack.schema.json', import.meta.url);
  expect(answer.body).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});

describe('putting a pack in force', () => {
  test('is refused without a version, with a stale one, and for a pack that is wrong', async () => {
    const as = 'administrator';
    const bare = await api.send('PUT', '/v1/policy', { as, body: STRICT });
    expectProblem(bare, 428, 'revision-required');
    expectProblem(await put(STRICT, { 'if-match': '"7"' }), 412, 'stale-revision');
    const short = packWith('broken', { total: 'P5D' });
    const refused = await put(short);
    expectProblem(refused, 422, 'invalid-record');
    expect(refused.body.errors[0]).toEqual({
      path: `rules.${BUILT_IN_POLICY.rules.length}.effects.total`,
      message: expect.stringContaining('shorter than the maximum of P90D'),
    });
    expectProblem(await put({ id: 'x' }), 422, 'invalid-record');
    expect(await version()).toBe(0);
  });

  test('makes a version, in the ledger and by digest, and again changes nothing', async () => {
    const headers = { 'idempotency-key': 'put-strict', 'if-match': '"0"' };
    const first = await put(STRICT, headers);
    expect(first.status, first.text).toBe(200);
    expect(first.headers.etag).toBe('"1"');
    expect(first.body).toMatchObject({
      version: 1,
      digest: policyDigest(STRICT),
      built_in: false,
      since: dayOf(START),
      by: { name: 'administrator' },
      pack: STRICT,
    });
    expect((await put(STRICT, headers)).body).toEqual(first.body);
    expect((await put(STRICT)).body.version).toBe(1);
    const { rows } = await api.admin.query(
      "SELECT stream_id, version FROM lapse.events WHERE stream_type = 'policy'",
    );
    expect(rows).toEqual([{ stream_id: api.tenantId, version: 1 }]);
    const found = await api.send('GET', `/v1/policy/packs/${policyDigest(STRICT)}`, {
      as: 'auditor',
    });
    expect(found.body).toEqual(STRICT);
  });

  test('of two at the same moment one is refused', async () => {
    const headers = { 'if-match': `"${await version()}"` };
    const packs = [packWith('one', { default: 'P9D' }), packWith('two', { default: 'P8D' })];
    const answers = await Promise.all(packs.map((pack) => put(pack, headers)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  test('an unknown digest is not found', async () => {
    const url = `/v1/policy/packs/sha256:${'0'.repeat(64)}`;
    expectProblem(await api.send('GET', url, { as: 'auditor' }), 404, 'not-found');
  });

  test('is a matter of one tenant', async () => {
    const other = await api.addTenant();
    const answer = await api.send('GET', '/v1/policy', { token: other.tokens.requestor });
    expect(answer.body).toMatchObject({ version: 0, built_in: true });
    const url = `/v1/policy/packs/${policyDigest(STRICT)}`;
    const found = await api.send('GET', url, { token: other.tokens.requestor });
    expectProblem(found, 404, 'not-found');
  });
});

describe('a pack that is changed while a request waits', () => {
  beforeAll(async () => {
    await put(STRICT);
  });

  test('leaves what was asked of it; the next submit goes by the new one', async () => {
    const { exception_id: id, ...waiting } = await recordIn(api, 'Under-Review');
    const roles = ({ requirements }: Record<string, unknown>) =>
      (requirements as { role: string }[]).map(({ role }) => role);
    expect(roles(waiting)).toContain('dpo');
    await put(BUILT_IN_POLICY);
    const still = (await api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' })).body;
    expect(roles(still)).toContain('dpo');
    expect(still.policy).toBe(policyDigest(STRICT));
    await command(api, id, 'request-changes', 'approver');
    const anew = (await command(api, id, 'submit')).body;
    expect(roles(anew)).not.toContain('dpo');
    expect(anew.policy).toBe(policyDigest(BUILT_IN_POLICY));
    await put(STRICT);
    expect((await approveAll(api, id)).body.status).toBe('Approved');
  });

  test('does not change the answer to an import that is sent again', async () => {
    await put(BUILT_IN_POLICY);
    const again = () =>
      api.send('POST', '/v1/imports', {
        as: 'requestor',
        raw: `title: For two months\nexpires_at: ${formatInstant(START + 60 * DAY)}\n`,
        headers: { 'content-type': 'application/yaml', 'idempotency-key': 'imported' },
      });
    const first = await again();
    expect(first.status, first.text).toBe(201);
    await put(SHORT);
    expect((await again()).body).toEqual(first.body);
    await put(STRICT);
  });

  test('decides when a closed record is archived, in a sweep over tenants too', async () => {
    const { exception_id: id } = await draft(api);
    await put({ ...STRICT, id: 'quick', archive_after: 'P2D' });
    await command(api, id, 'withdraw');
    const read = async () =>
      (await api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' })).body;
    expect((await read()).closed.archives_at).toEqual(dayOf(START + 2 * DAY));
    await put(STRICT);
    await api.moveTo(START + 3 * DAY);
    expect((await read()).status).toBe('Archived');
    await api.moveTo(START);
  });
});

describe('evaluating', () => {
  test('says who approves and why, until when, what is missing and what is wide', async () => {
    await put(STRICT);
    const { body } = await api.send('POST', '/v1/policy/evaluate', {
      as: 'requestor',
      body: {
        control: 'firewall',
        likelihood: 'High',
        impact: 'High',
        grants: [{ kind: 'firewall-rule', target: '/subscriptions/1', permission: 'Owner' }],
        requested_duration: 'P30D',
      },
    });
    expect(body).toMatchObject({
      policy: policyDigest(STRICT),
      maximum: { duration: 'P14D', rule: 'maximum-firewall' },
      maximum_end: dayOf(START + 14 * DAY),
      expires_at: null,
    });
    expect(
      body.approvals.map(({ role, rule }: { role: string; rule: string }) => [role, rule]),
    ).toEqual([
      ['security', 'review'],
      ['domain-owner', 'review'],
      ['ciso', 'high-severity'],
      ['dpo', 'strict'],
    ]);
    expect(body.approvals[0].source).toBe('000 section 2, Required steps 2');
    const paths = (problems: { path: string }[]) => problems.map(({ path }) => path);
    expect(paths(body.missing)).toContain('scope_justification');
    expect(paths(body.missing)).toContain('adr_id');
    expect(paths(body.refusals)).toEqual(['requested_duration']);
    expect(paths(body.wide_scopes)).toEqual(['grants.0.target', 'grants.0.permission']);
    const maximum = body.effects.find(({ effect }: { effect: string }) => effect === 'maximum');
    expect(maximum.askings).toEqual([
      expect.objectContaining({ rule: 'default-maximum', asks: 'P90D', wins: false }),
      expect.objectContaining({ rule: 'maximum-firewall', asks: 'P14D', wins: true }),
    ]);
  });

  test('a whole record that lacks nothing gets an end; a renewal asks for more', async () => {
    const ask = (body: object) => api.send('POST', '/v1/policy/evaluate', { as: 'auditor', body });
    const whole = (await ask(COMPLETE)).body;
    expect(whole).toMatchObject({ missing: [], refusals: [], wide_scopes: [] });
    expect(whole.expires_at).toEqual(dayOf(START + 90 * DAY));
    const third = (await ask({ ...COMPLETE, renewal_number: 3 })).body;
    const roles = third.approvals.map(({ role }: { role: string }) => role);
    expect(roles).toContain('executive-sponsor');
    expectProblem(await ask({ controll: 'firewall' }), 422, 'invalid-record');
  });
});

describe('comparing', () => {
  async function compare(pack: unknown) {
    const answer = await api.send('POST', '/v1/policy/diff', { as: 'auditor', body: pack });
    expect(answer.headers['content-type']).toContain('application/x-ndjson');
    const lines = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    return {
      records: lines.flatMap(({ record }) => record ?? []),
      result: lines.at(-1).result,
    };
  }

  test('names every record of which a pack would ask more, and why', async () => {
    const tenant = await api.addTenant();
    expect(tenant.tenantId).not.toBe(api.tenantId);
    await put(BUILT_IN_POLICY);
    const { exception_id: active } = await recordIn(api, 'Active');
    const { exception_id: waiting } = await recordIn(api, 'Under-Review');
    const same = await compare(BUILT_IN_POLICY);
    expect(same.records).toEqual([]);
    expect(same.result.affected).toBe(0);
    const { records, result } = await compare(SHORT);
    const kinds = (id: string) =>
      records
        .find(({ exception_id }) => exception_id === id)
        .effects.map(({ kind }: { kind: string }) => kind);
    expect(kinds(active)).toEqual(['maximum', 'artifact']);
    expect(kinds(waiting)).toEqual(['artifact']);
    expect(result.records).toBe(same.result.records);
    expect(result.affected).toBe(records.length);
    expect(result.effects).toMatchObject({ approvals: 0, field: 0, reminder: 0 });
    const strict = await compare(STRICT);
    const messages = strict.records
      .find(({ exception_id }) => exception_id === active)
      .effects.map(({ message }: { message: string }) => message);
    expect(messages).toEqual([
      'needs dpo (rule strict)',
      expect.stringMatching(/^has no reminder P14D before its end/),
    ]);
    expectProblem(
      await api.send('POST', '/v1/policy/diff', { as: 'auditor', body: {} }),
      422,
      'invalid-record',
    );
  });
});

test('a pack that is not there as it was put decides nothing, and verification says so', async () => {
  const pack = packWith('altered', { maximum: 'P30D', total: 'P60D' });
  expect((await put(pack)).status).toBe(200);
  await api.admin.query('UPDATE lapse.policy_packs SET pack = $2 WHERE digest = $1', [
    policyDigest(pack),
    JSON.stringify({ ...pack, rules: [] }),
  ]);
  const refused = await api.send('POST', '/v1/exceptions', { as: 'requestor', body: COMPLETE });
  expectProblem(refused, 503, 'unavailable');
  const verified = await api.send('GET', '/v1/ledger/verification', { as: 'auditor' });
  const { result } = JSON.parse(verified.text.trimEnd().split('\n').at(-1) ?? '');
  expect(result.findings).toEqual([
    expect.objectContaining({
      code: 'policy-mismatch',
      message: `the policy pack ${policyDigest(pack)} is not what its digest is of`,
    }),
  ]);
});
