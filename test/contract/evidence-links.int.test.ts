import { createHash } from 'node:crypto';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { LinkFound } from '../../src/domain/exception/link-reading.ts';
import { noLinkReader } from '../../src/features/evidence/read-link.ts';
import { command, passed, recordIn, type TestRecord } from '../support/api-records.ts';
import { COMPLETE } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const MINUTE = 60_000;
/** What lies behind each link now; nothing behind others. */
const web = new Map<string, LinkFound>();
let asked: string[] = [];
let isInTransaction = false;
const api = await createTestApi({
  async readLink(link) {
    asked.push(link);
    const { rows } = await api.admin.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database()
         AND state = 'idle in transaction' AND pid <> pg_backend_pid()`,
    );
    isInTransaction ||= rows.length > 0;
    return web.get(link) ?? DOWN;
  },
});
afterAll(() => api.close());
beforeEach(() => {
  asked = [];
  web.clear();
});

const REASON = { reason: 'it is not needed any more' };
const DOWN = { reason: 'is where nobody listens (ECONNREFUSED)', isFinal: false };
const found = (text: string) => ({
  digest: createHash('sha256').update(text).digest('hex'),
  size: text.length,
  type: 'text/html',
  status: 200,
});
const as = 'requestor';
/** So much later than the time is, which goes on by itself. */
async function later(minutes: number): Promise<void> {
  const { rows } = await api.admin.query<{ now: string }>(
    `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + offset_ms AS now
     FROM lapse.test_clock`,
  );
  await api.moveTo(Number(rows[0]?.now) + minutes * MINUTE);
}
const get = async (id: string) =>
  passed(await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' }));

/** A record that was closed with evidence and archived; its links are read by the next pass. */
async function archived(links: readonly string[]): Promise<TestRecord> {
  const { exception_id: id } = await recordIn(api, 'Active');
  const url = `/v1/exceptions/${id}`;
  passed(await api.send('POST', `${url}/evidence`, { as, body: { links } }));
  const evidence = ['c1', 'c2'].map((criterion) => ({ criterion, link: links[0] }));
  passed(await api.send('POST', `${url}/close`, { as, body: { evidence } }));
  return passed(await command(api, id, 'archive'));
}

test('archiving freezes the evidence, and the ledger gets the digest of each link once', async () => {
  const [page, other] = ['https://wiki.example/page', 'https://wiki.example/other'];
  web.set(page, found('the port is shut'));
  web.set(other, { reason: 'was answered with 404', status: 404, isFinal: true });
  const record = await archived([page, other, 'ADR-0217']);
  const { exception_id: id } = record;
  expect(record).toMatchObject({ status: 'Archived', link_readings: [] });
  await later(0);
  const after = await get(id);
  expect(after.link_readings).toEqual([
    { link: page, at: expect.any(String), ...found('the port is shut'), reason: null },
    {
      ...{ link: other, at: expect.any(String), digest: null, size: null, type: null },
      ...{ status: 404, reason: 'was answered with 404' },
    },
  ]);
  const history = await api.send('GET', `/v1/exceptions/${id}/history`, { as });
  expect(history.body.items.slice(-3)).toMatchObject([
    { type: 'ExceptionArchived' },
    { type: 'EvidenceLinkRead', actor: { role: 'system' }, data: { link: page } },
    { type: 'EvidenceLinkNotReached', data: { link: other, status: 404 } },
  ]);
  expect(asked.sort()).toEqual([other, page]);
  await later(24 * 60);
  expect({ asked: asked.length, isInTransaction }).toEqual({ asked: 2, isInTransaction: false });

  const add = await api.send('POST', `/v1/exceptions/${id}/evidence`, {
    as,
    body: { links: ['https://wiki.example/late'] },
  });
  expectProblem(add, 409, 'wrong-state');
  const edit = await api.send('PATCH', `/v1/exceptions/${id}`, {
    as,
    body: { evidence: [] },
    headers: { 'if-match': `"${after.revision}"` },
  });
  expectProblem(edit, 409, 'wrong-state');
});

test('a link that is not reached is tried again, and given up after five attempts', async () => {
  const [up, down] = ['https://wiki.example/up', 'https://wiki.example/down'];
  web.set(up, found('here'));
  const { exception_id: id } = await archived([up, down]);
  await later(0);
  const attempts = () => asked.filter((link) => link === down).length;
  expect(attempts()).toBe(1);
  for (const [minutes, expected] of [
    [0, 1],
    [1, 2],
    [9, 2],
    [1, 3],
    [60, 4],
    [359, 4],
    [1, 5],
  ] as const) {
    await later(minutes);
    expect(attempts()).toBe(expected);
  }
  const { link_readings: readings } = await get(id);
  expect(readings).toMatchObject([
    { link: up, digest: found('here').digest },
    { link: down, digest: null, reason: DOWN.reason },
  ]);
  await later(24 * 60);
  expect({ up: asked.filter((link) => link === up).length, down: attempts() }).toEqual({
    up: 1,
    down: 5,
  });
});

test('a link that comes back in time is read', async () => {
  const link = 'https://wiki.example/slow';
  const { exception_id: id } = await archived([link]);
  await later(0);
  expect((await get(id)).link_readings).toEqual([]);
  web.set(link, found('back'));
  await later(2);
  expect((await get(id)).link_readings).toMatchObject([{ link, digest: found('back').digest }]);
});

test('what a worker that was killed had claimed is read when its claim ends', async () => {
  const link = 'https://wiki.example/claimed';
  web.set(link, found('late'));
  const { exception_id: id } = await archived([link]);
  await api.admin.query(
    `UPDATE lapse.exception_link_work SET next_at = next_at + interval '30 minutes' WHERE exception_id = $1`,
    [id],
  );
  await later(29);
  expect(asked).toEqual([]);
  await later(2);
  expect((await get(id)).link_readings).toMatchObject([{ link, digest: found('late').digest }]);
});

test('a row that nothing follows from is forgotten', async () => {
  const { exception_id: id } = await recordIn(api, 'Closed');
  await api.admin.query(
    `INSERT INTO lapse.exception_link_work (tenant_id, exception_id, next_at) VALUES ($1, $2, now() - interval '9 years')`,
    [api.tenantId, id],
  );
  await later(0);
  const { rows } = await api.admin.query(
    'SELECT FROM lapse.exception_link_work WHERE exception_id = $1',
    [id],
  );
  expect({ rows, asked }).toEqual({ rows: [], asked: [] });
});

test('a server that stops gives up what it reads, and it stays due', async () => {
  const begun = Promise.withResolvers<void>();
  const stopping = await createTestApi({
    readLink: (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(DOWN));
        begun.resolve();
      }),
  });
  try {
    const body = { ...COMPLETE, evidence: ['https://wiki.example/page'] };
    const { exception_id: id } = passed(
      await stopping.send('POST', '/v1/exceptions', { as, body }),
    );
    for (const name of ['withdraw', 'archive']) {
      passed(await stopping.send('POST', `/v1/exceptions/${id}/${name}`, { as, body: REASON }));
    }
    const settled = stopping.lapse.loop.settle();
    await begun.promise;
    await stopping.lapse.loop.stop();
    await settled;
    const { rows } = await stopping.admin.query(
      'SELECT attempts, next_at <= now() AS is_due FROM lapse.exception_link_work',
    );
    expect(rows).toEqual([{ attempts: 0, is_due: true }]);
  } finally {
    await stopping.close();
  }
});

test('exports carry what was read', async () => {
  const link = 'https://wiki.example/exported';
  web.set(link, found('exported'));
  const { exception_id: id } = await archived([link]);
  await later(0);
  const export_ = (format: string) =>
    api.send('GET', `/v1/exports/register.${format}?status=Archived`, { as: 'auditor' });
  const markdown = (await export_('md')).text;
  expect(markdown.slice(markdown.indexOf(id))).toContain(
    `SHA-256 ${found('exported').digest}, status 200`,
  );
  const csv = (await export_('csv')).text;
  expect(csv).toContain('link_readings');
  expect(csv).toContain(found('exported').digest);
});

test('where reading is turned off, the ledger says so', async () => {
  const off = await createTestApi({ readLink: noLinkReader('was not read: turned off') });
  try {
    const draft = await off.send('POST', '/v1/exceptions', {
      as,
      body: { ...COMPLETE, evidence: ['https://wiki.example/page'] },
    });
    const url = `/v1/exceptions/${draft.body.exception_id}`;
    passed(
      await off.send('POST', `${url}/withdraw`, {
        as,
        body: { reason: 'it is not needed any more' },
      }),
    );
    passed(await off.send('POST', `${url}/archive`, { as, body: {} }));
    await off.lapse.loop.settle();
    const { body } = await off.send('GET', url, { as });
    expect(body.link_readings).toMatchObject([
      { digest: null, reason: 'was not read: turned off' },
    ]);
  } finally {
    await off.close();
  }
});

test('the ledger verifies with it, and names a reading that was altered in the register', async () => {
  const link = 'https://wiki.example/proved';
  web.set(link, found('proof'));
  const { exception_id: id } = await archived([link]);
  await archived(['https://wiki.example/waits']);
  await later(0);
  const verify = () => api.lapse.verifyLedger(api.tenantId, () => {}, new AbortController().signal);
  expect(await verify()).toMatchObject({ ok: true });
  await api.admin.query(
    `UPDATE lapse.exceptions SET state = replace(state::text, $2, $3)::json WHERE exception_id = $1`,
    [id, found('proof').digest, found('forged').digest],
  );
  const forged = await verify();
  expect(forged.ok).toBe(false);
  expect(JSON.stringify(forged)).toContain(id);
});
