import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { approveAll, command, draft, passed, type TestRecord } from '../support/api-records.ts';
import { ALL_EVIDENCE, COMPLETE, GRANTS, RENEWAL, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
beforeEach(() => api.moveTo(START));

let named = 0;
/** Fields that cover something that no record has covered yet. */
function something() {
  named += 1;
  return { control: 'azure-policy-nonprod', services: [`service-${named}`] };
}

const submit = (id: string) => command(api, id, 'submit');
const read = async (id: string) =>
  passed(await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' }));

async function requested(fields: object): Promise<TestRecord> {
  return passed(await submit((await draft(api, fields)).exception_id));
}

async function active(fields: object): Promise<TestRecord> {
  const { exception_id: id } = await requested(fields);
  passed(await approveAll(api, id));
  return passed(await command(api, id, 'activate'));
}

describe('a new record for what another covers', () => {
  test('is refused when it is submitted, and told which record to renew', async () => {
    const fields = something();
    const { exception_id: first } = await active(fields);
    const again = await draft(api, { ...fields, title: 'All new', likelihood: 'Low' });
    const refusal = await submit(again.exception_id);
    expectProblem(refusal, 409, 'already-exists');
    expect(refusal.body.detail).toContain(`renew ${first}`);
    expect(refusal.body.detail).toContain('renewal 1');
    expect(await read(again.exception_id)).toMatchObject({ status: 'Draft', revision: 1 });
    await api.moveTo(START + 70 * DAY);
    expect(passed(await command(api, first, 'renew'))).toMatchObject({ renewal_number: 1 });
  });

  test('is refused when it would be a request at once, and nothing is stored', async () => {
    const fields = something();
    await active(fields);
    const before = (await api.send('GET', '/v1/exceptions?count=exact', { as: 'auditor' })).body;
    const body = { ...COMPLETE, ...fields };
    const made = await api.send('POST', '/v1/exceptions?submit=true', { as: 'requestor', body });
    expectProblem(made, 409, 'already-exists');
    const after = (await api.send('GET', '/v1/exceptions?count=exact', { as: 'auditor' })).body;
    expect(after.total).toBe(before.total);
  });

  test('is refused though that has ended long ago', async () => {
    const fields = { ...something(), grants: GRANTS };
    const { exception_id: first } = await active(fields);
    await api.moveTo(START + 91 * DAY);
    const removal = { statement: 'the role is gone', links: ['https://example.com/log'] };
    const close = { evidence: ALL_EVIDENCE, removal };
    const url = `/v1/exceptions/${first}/close`;
    passed(await api.send('POST', url, { as: 'requestor', body: close }));
    await api.moveTo(START + 400 * DAY);
    expect(await read(first)).toMatchObject({ status: 'Archived' });
    const again = await submit((await draft(api, fields)).exception_id);
    expectProblem(again, 409, 'already-exists');
    expect(again.body.detail).toContain(`renew ${first}`);
    expect(passed(await command(api, first, 'renew'))).toMatchObject({ renewal_number: 1 });
  });

  test('is told of the newest of the chain', async () => {
    const fields = something();
    const { exception_id: first } = await active(fields);
    await api.moveTo(START + 70 * DAY);
    const { exception_id: second } = passed(await command(api, first, 'renew'));
    for (const name of ['submit', 'approve', 'activate'])
      passed(await (name === 'approve' ? approveAll(api, second) : command(api, second, name)));
    await api.moveTo(START + 95 * DAY);
    const again = await submit((await draft(api, fields)).exception_id);
    expect(again.body.detail).toContain(`renew ${second}`);
    expect(again.body.detail).toContain('renewal 2');
  });

  test('passes once that was withdrawn, and waits while it is not decided', async () => {
    const fields = something();
    const { exception_id: first } = await requested(fields);
    const { exception_id: second } = await draft(api, fields);
    const waiting = await submit(second);
    expectProblem(waiting, 409, 'already-exists');
    expect(waiting.body.detail).toContain('withdraw it');
    passed(await command(api, first, 'withdraw'));
    expect(passed(await submit(second))).toMatchObject({ status: 'Under-Review' });
  });

  test('cannot be edited into', async () => {
    const fields = something();
    await active(fields);
    const { exception_id: other, revision } = await requested(something());
    const edit = await api.send('PATCH', `/v1/exceptions/${other}`, {
      as: 'requestor',
      headers: { 'if-match': `"${revision}"` },
      body: { services: fields.services },
    });
    expectProblem(edit, 409, 'already-exists');
  });

  test('passes in another environment, or of another service', async () => {
    const fields = something();
    await active(fields);
    await requested({ ...fields, environment: 'staging' });
    await requested({ ...fields, services: [...fields.services, 'and-more'] });
  });
});

describe('at the same moment', () => {
  test('of many that cover the same, one passes', async () => {
    const fields = something();
    const drafts = await Promise.all(Array.from({ length: 6 }, () => draft(api, fields)));
    const answers = await Promise.all(drafts.map(({ exception_id: id }) => submit(id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
  });

  test('of several renewals of one record, one passes', async () => {
    const { exception_id: first } = await active(something());
    await api.moveTo(START + 70 * DAY);
    const renewals = [];
    for (const _ of [1, 2, 3]) renewals.push(passed(await command(api, first, 'renew')));
    const answers = await Promise.all(renewals.map(({ exception_id: id }) => submit(id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  test('one request that is sent twice is answered twice', async () => {
    const body = { ...COMPLETE, ...something() };
    const headers = { 'idempotency-key': 'twice' };
    const send = () =>
      api.send('POST', '/v1/exceptions?submit=true', { as: 'requestor', body, headers });
    const [one, other] = await Promise.all([send(), send()]);
    expect([one.status, other.status]).toEqual([201, 201]);
    expect(one.text).toBe(other.text);
  });
});

describe('a renewal', () => {
  test('is refused with the justification of its predecessor', async () => {
    const { exception_id: first } = await active({
      ...something(),
      justification: 'Vendor is late',
    });
    await api.moveTo(START + 70 * DAY);
    const url = `/v1/exceptions/${first}/renew`;
    const body = { ...RENEWAL, justification: ' vendor  is LATE.' };
    const stale = await api.send('POST', url, { as: 'requestor', body });
    expectProblem(stale, 422, 'invalid-record');
    expect(stale.body.errors).toEqual([
      { path: 'justification', message: expect.stringContaining('what has changed since') },
    ]);
  });

  test.each(['justification', 'likelihood', 'impact', 'risk_review'])(
    'is asked for a fresh %s',
    async (name) => {
      const { exception_id: first } = await active(something());
      const { [name]: _, ...body } = RENEWAL as unknown as Record<string, unknown>;
      const url = `/v1/exceptions/${first}/renew`;
      const refused = await api.send('POST', url, { as: 'requestor', body });
      expect(refused.status).toBe(422);
      expect(refused.body.errors).toEqual([expect.objectContaining({ path: name })]);
    },
  );
});

test('what all of this left behind verifies', async () => {
  const result = await api.lapse.verifyLedger(api.tenantId, () => {}, new AbortController().signal);
  expect(result).toMatchObject({ ok: true });
});
