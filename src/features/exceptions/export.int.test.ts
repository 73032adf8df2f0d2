import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { draft, recordIn } from '../../../test/support/api-records.ts';
import { START } from '../../../test/support/given.ts';
import { createTestApi, type TestApi } from '../../../test/support/test-api.ts';
import { RECORD_COLUMNS } from '../../domain/exception/record-columns.ts';
import { DAY } from '../../domain/schedule/instant.ts';

let api: TestApi;
let address: string;
beforeAll(async () => {
  api = await createTestApi();
  await recordIn(api, 'Active');
  await draft(api, { title: '=HYPERLINK("x")', environment: 'staging' });
  await draft(api, { title: 'one | two <b>\n# three', owners: [{ name: 'A_B' }] });
  address = await api.app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => api.close());

const get = (path: string) => api.send('GET', `/v1/exports/${path}`, { as: 'auditor' });
const ids = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{') && !line.startsWith('{"exported_at'))
    .map((line) => JSON.parse(line.replace(/,$/, '')).exception_id as string);

describe('a form', () => {
  it('is a table as RFC 4180 has it', async () => {
    const { status, headers, text } = await get('register.csv');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(headers['content-disposition']).toBe('attachment; filename="register-2026-01-01.csv"');
    const lines = text.split('\r\n');
    expect(lines[0]).toBe(RECORD_COLUMNS.map(({ name }) => name).join(','));
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toBe('');
    expect(text).toContain(`,"'=HYPERLINK(""x"")",`);
    expect(text).toContain(',"one | two <b>\n# three",');
  });

  it('is a document whose items are what the list answers', async () => {
    const { headers, body } = await get('register.json');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    const list = await api.send('GET', '/v1/exceptions', { as: 'auditor' });
    expect(body.items).toEqual(list.body.items);
    expect(body).toMatchObject({ tenant_org: api.tenantId, total: 3 });
  });

  it('is one record a line', async () => {
    const { headers, text } = await get('register.jsonl?environment=staging');
    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(text.trimEnd().split('\n')).toHaveLength(1);
  });

  it('is for reading, and what people wrote is no markup in it', async () => {
    const { text } = await get('register.md?sort=title');
    const rows = text.split('\n').filter((line) => line.startsWith('| [EXC'));
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(10);
    expect(rows[2]).toContain('| A\\_B | one \\| two &lt;b&gt; # three |');
    expect(text).toContain('\n**one \\| two &lt;b&gt;<br>\\# three**\n');
    expect(text.match(/^## EXC_/gm)).toHaveLength(3);
    expect(text).toContain('as security, 2026-01-01 00:00: the risk is contained');
  });

  it('that there is not is said to be missing, with those that there are', async () => {
    const { status, body } = await get('register.xlsx');
    expect(status).toBe(404);
    expect(body.detail).toContain('register.csv, register.json, register.jsonl, register.md');
  });
});

describe('the records', () => {
  it.each([
    '?status=Active',
    '?environment=staging&environment=prod&sort=title',
    '?q=hyperlink',
    '?open=false&sort=-updated_at',
    '?owner=osei@example.com&sort=expires_at',
    '?severity=Low',
  ])('of %s are those of the list, in its order', async (query) => {
    const list = await api.send('GET', `/v1/exceptions${query}`, { as: 'auditor' });
    const wanted = list.body.items.map((item: { exception_id: string }) => item.exception_id);
    expect(ids((await get(`register.jsonl${query}`)).text)).toEqual(wanted);
    expect(ids((await get(`register.json${query}`)).text)).toEqual(wanted);
  });

  it('have the status that they have now, whatever the last sweep saw', async () => {
    const setClock = (now: number) =>
      api.admin.query(
        `UPDATE lapse.test_clock
         SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
        [now],
      );
    await setClock(START + 100 * DAY);
    const { text } = await get('register.jsonl?overdue=true');
    expect(ids(text)).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ status: 'Expired', in_force: false, overdue: true });
    await setClock(START);
  });

  it('are not those of another tenant', async () => {
    const other = await api.addTenant();
    const answer = await api.send('GET', '/v1/exports/register.jsonl', {
      token: other.tokens.auditor,
    });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it.each(['?limit=3', '?cursor=x', '?status=Open', '?sort=owner'])(
    '%s asks for are refused',
    async (query) => {
      expect((await get(`register.csv${query}`)).status).toBe(400);
    },
  );
});

it('a client that goes away ends the query', async () => {
  await api.admin.query(`INSERT INTO lapse.exceptions SELECT tenant_id, 'EXC_' || n, version, fields, state,
      status, kind, title, category, control, environment, data_classification, severity, requestor, created_at,
      updated_at, activates_at, expiring_at, expires_at, due_at, hands_over, activated_at, renewal_number, lacks_evidence
    FROM (SELECT * FROM lapse.exceptions LIMIT 1) e, generate_series(1, 20000) n`);
  const gone = new AbortController();
  const response = await fetch(`${address}/v1/exports/register.csv`, {
    headers: { authorization: `Bearer ${api.tokens.auditor}` },
    signal: gone.signal,
  });
  const snapshots = async () => {
    const { rows } = await api.admin.query(
      `SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'lapse-snapshot'`,
    );
    return rows[0].n as number;
  };
  expect(await snapshots()).toBe(1);
  await response.body?.getReader().read();
  gone.abort();
  await vi.waitFor(async () => expect(await snapshots()).toBe(0), { timeout: 20_000 });
});
