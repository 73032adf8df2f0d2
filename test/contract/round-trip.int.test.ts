import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exceptionFields } from '../../src/domain/exception/fields.ts';
import {
  approveAll,
  command,
  draft,
  passed,
  recordIn,
  type TestRecord,
} from '../support/api-records.ts';
import { randomFields } from '../support/random-fields.ts';
import { createTestApi, type TestApi, type TestTenant } from '../support/test-api.ts';

// What is exported comes back: the same fields in an empty tenant, status and approvals as claims.

const SEED = 20_261_124;
const RECORDS = 150;
const FORMS = [
  ['csv', 'text/csv'],
  ['json', 'application/json'],
  ['jsonl', 'application/x-ndjson'],
] as const;

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
  for (const status of ['Draft', 'Under-Review', 'Approved', 'Active', 'Closed'] as const)
    await recordIn(api, status);
  const random = fc.sample(randomFields, { numRuns: RECORDS, seed: SEED });
  for (const fields of random) {
    passed(await api.send('POST', '/v1/exceptions', { as: 'requestor', body: fields }));
  }
});
afterAll(() => api.close());

async function registerOf(token: string | undefined): Promise<Map<string, TestRecord>> {
  const { body } = await api.send('GET', '/v1/exports/register.json', { token: token ?? '' });
  return new Map(body.items.map((item: TestRecord) => [item.exception_id, item]));
}

async function exportOf(ending: string, token: string, query = ''): Promise<string> {
  const { status, text } = await api.send('GET', `/v1/exports/register.${ending}${query}`, {
    token,
  });
  expect(status).toBe(200);
  return text;
}

async function importInto({ tokens }: TestTenant, file: string, type: string) {
  const { status, text, body } = await api.send('POST', '/v1/imports?assign=true', {
    token: tokens.requestor,
    raw: file,
    headers: { 'content-type': type },
  });
  if (status >= 300) throw new Error(text);
  return { status, body };
}

const FIELDS = Object.keys(exceptionFields.shape).filter(
  (name) => !['tenant_org', 'external_ids'].includes(name),
);
const fieldsOf = (record: TestRecord | undefined) =>
  Object.fromEntries(FIELDS.map((name) => [name, record?.[name]]));

describe.each(FORMS)('%s', (ending, type) => {
  test('brings every record back', async () => {
    const before = await registerOf(api.tokens.auditor);
    expect(before.size).toBe(RECORDS + 5);
    const empty = await api.addTenant();
    const file = await exportOf(ending, api.tokens.auditor);
    const imported = await importInto(empty, file, type);
    expect(imported.status).toBe(201);
    expect(imported.body.created).toHaveLength(before.size);
    const after = await registerOf(empty.tokens.auditor);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [id, record] of before) {
      expect(fieldsOf(after.get(id))).toEqual(fieldsOf(record));
      expect(after.get(id)?.external_ids).toEqual([
        ...((record.external_ids as string[]) ?? []),
        `tenant_org:${api.tenantId}`,
      ]);
      expect(after.get(id)?.status).toBe('Draft');
      const claims = {
        ...(record.status === 'Draft' ? {} : { status: record.status }),
        ...((record.approvals as unknown[]).length > 0 ? { approvals: record.approvals } : {}),
      };
      expect(after.get(id)?.claims).toEqual(Object.keys(claims).length > 0 ? claims : null);
    }
  });

  test('changes nothing the second time', async () => {
    const empty = await api.addTenant();
    const file = await exportOf(ending, api.tokens.auditor);
    await importInto(empty, file, type);
    const once = await registerOf(empty.tokens.auditor);
    const again = await importInto(empty, file, type);
    expect(again.status).toBe(200);
    expect(again.body.created).toEqual([]);
    expect(again.body.unchanged).toHaveLength(once.size);
    expect(await registerOf(empty.tokens.auditor)).toEqual(once);
  });

  test('keeps the claims of what was imported before', async () => {
    const first = await api.addTenant();
    await importInto(first, await exportOf(ending, api.tokens.auditor, '?status=Active'), type);
    const second = await api.addTenant();
    await importInto(second, await exportOf(ending, first.tokens.auditor), type);
    const [one] = (await registerOf(first.tokens.auditor)).values();
    const [other] = (await registerOf(second.tokens.auditor)).values();
    expect(one?.claims).toMatchObject({ status: 'Active' });
    expect(other?.claims).toEqual(one?.claims);
  });
});

test('an end that approval fixed gives way to the duration that was asked for', async () => {
  const record = await draft(api, { requested_duration: 'P10D' });
  await command(api, record.exception_id, 'submit');
  passed(await approveAll(api, record.exception_id));
  const empty = await api.addTenant();
  const file = await exportOf('csv', api.tokens.auditor, '?status=Approved&sort=-created_at');
  const { body } = await importInto(empty, file, 'text/csv');
  const made = body.created.find((one: TestRecord) => one.exception_id === record.exception_id);
  expect(made.notes.map(({ message }: { message: string }) => message).join('\n')).toContain(
    'requested_duration (P10D) sets the end again',
  );
  const after = (await registerOf(empty.tokens.auditor)).get(record.exception_id);
  expect(after?.requested_duration).toBe('P10D');
  expect(after?.expires_at).toBeUndefined();
});

test('a renewal comes back without its chain, which is kept aside', async () => {
  const active = await recordIn(api, 'Active');
  const renewal = passed(await command(api, active.exception_id, 'renew'));
  const empty = await api.addTenant();
  for (const [ending, type] of FORMS)
    await importInto(empty, await exportOf(ending, api.tokens.auditor), type);
  const after = (await registerOf(empty.tokens.auditor)).get(renewal.exception_id);
  expect(after).toMatchObject({ renews: null, renewal_number: 0 });
  expect(after?.external_ids).toContain(`renews:${active.exception_id}`);
});
