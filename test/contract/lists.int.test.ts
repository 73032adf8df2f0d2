import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { ExceptionViews } from '../../src/features/exceptions/exception-views.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { draft } from '../support/api-records.ts';
import { fully } from '../support/fully.ts';
import { samePolicy } from '../support/same-policy.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const ROWS = 1_500;

/** Copies of one draft with few different times and titles, so that ids have to break many ties. */
beforeAll(async () => {
  const { exception_id: id } = await draft(api);
  await api.admin.query(
    `INSERT INTO lapse.exceptions
     SELECT (jsonb_populate_record(e, jsonb_build_object(
       'exception_id', copy.id,
       'state', jsonb_set(e.state::jsonb, '{exception_id}', to_jsonb(copy.id)),
       'fields', jsonb_set(e.fields::jsonb, '{title}', to_jsonb(copy.title)),
       'title', copy.title,
       'category', CASE WHEN n <= 999 THEN 'data' WHEN n = 1000 THEN 'ai' WHEN n = 1001 THEN 'network' ELSE 'other' END,
       'created_at', e.created_at + n % 7 * interval '1.001 seconds',
       'updated_at', e.updated_at + n % 11 * interval '1 day',
       'expires_at', CASE n % 3 WHEN 0 THEN 'infinity' ELSE (e.created_at + n % 5 * interval '1 day')::text END
     ))).*
     FROM lapse.exceptions e, generate_series(1, $2) AS n,
       LATERAL (SELECT 'EXC_01J6M9M5Y0Q2H6W2QF9Q' || lpad(n::text, 6, '0') AS id,
         (ARRAY['éclair', 'Zebra', 'apple', '💥', 'a b', 'ab', '''; --', 'ÀB', '%_'])[n % 9 + 1] AS title) AS copy
     WHERE e.exception_id = $1`,
    [id, ROWS - 1],
  );
  await api.admin.query(
    "UPDATE lapse.exceptions SET category = 'release' WHERE exception_id = $1",
    [id],
  );
});

const list = async (query: string) =>
  (await api.send('GET', `/v1/exceptions?${query}`, { as: 'auditor' })).body;

describe('the total', () => {
  test.each([
    ['category=release', 1],
    ['category=data', 999],
    ['category=data&category=ai', 1_000],
  ])('of %s is exact', async (query, total) => {
    expect(await list(`${query}&limit=1`)).toMatchObject({ total, total_is_minimum: false });
  });

  test('beyond a thousand is the least that it is, unless an exact count is asked for', async () => {
    const query = 'category=data&category=ai&category=network&limit=1';
    expect(await list(query)).toMatchObject({ total: 1_000, total_is_minimum: true });
    expect(await list(`${query}&count=exact`)).toMatchObject({
      total: 1_001,
      total_is_minimum: false,
    });
    expect(await list('limit=1&count=exact')).toMatchObject({
      total: ROWS,
      total_is_minimum: false,
    });
  });

  test('is of the list, whichever page is read', async () => {
    const first = await list('category=data&limit=200');
    const second = await list(`category=data&limit=200&cursor=${first.next_cursor}`);
    expect(second.total).toBe(999);
  });
});

describe('paging', () => {
  const sorts = ['created_at', 'updated_at', 'expires_at', 'title'];

  test.each(sorts.flatMap((sort) => [sort, `-${sort}`]))(
    'by %s passes every record once, in order',
    async (sort) => {
      const ids: string[] = [];
      let cursor = '';
      let pages = 0;
      do {
        const page = await list(`sort=${sort}&limit=200${cursor && `&cursor=${cursor}`}`);
        ids.push(...page.items.map((item: { exception_id: string }) => item.exception_id));
        cursor = page.next_cursor ?? '';
        pages += 1;
      } while (cursor !== '');
      const direction = sort.startsWith('-') ? 'DESC' : 'ASC';
      const column = sort.replace('-', '');
      const { rows } = await api.admin.query<{ exception_id: string }>(
        `SELECT exception_id FROM lapse.exceptions WHERE tenant_id = $1
       ORDER BY ${column} ${direction}, exception_id ${direction}`,
        [api.tenantId],
      );
      expect(ids).toEqual(rows.map((row) => row.exception_id));
      expect(pages).toBe(Math.ceil(ROWS / 200));
    },
  );

  test('of records in short is the same, and their cursors serve both', async () => {
    const query = 'category=data&sort=-expires_at&limit=150';
    const short = await api.send('GET', `/v1/exception-summaries?${query}`, { as: 'auditor' });
    const whole = await list(query);
    const idsOf = (page: { items: { exception_id: string }[] }) =>
      page.items.map(({ exception_id }) => exception_id);
    expect(idsOf(short.body)).toEqual(idsOf(whole));
    expect(short.body.total).toBe(999);
    expect(short.body.next_cursor).toBe(whole.next_cursor);
    expect(short.body.items[0]).not.toHaveProperty('justification');
  });

  test('ends without a cursor, also where the last page is full', async () => {
    expect((await list('category=release&limit=1')).next_cursor).toBeNull();
    expect(
      (await list('category=data&category=ai&limit=200&sort=title')).next_cursor,
    ).not.toBeNull();
    let cursor = '';
    for (let page = 0; page < 5; page += 1) {
      const query = 'category=data&category=ai&limit=200&sort=title';
      const answer = await list(`${query}${cursor && `&cursor=${cursor}`}`);
      expect(answer.items).toHaveLength(200);
      cursor = answer.next_cursor ?? '';
    }
    expect(cursor).toBe('');
  });

  test('goes on where a record was that is gone or new', async () => {
    const first = await list('category=other&sort=created_at&limit=2');
    const [one, two] = first.items.map((item: { exception_id: string }) => item.exception_id);
    await api.admin.query(
      "UPDATE lapse.exceptions SET category = 'vendor' WHERE exception_id = $1",
      [two],
    );
    const second = await list(`category=other&sort=created_at&limit=2&cursor=${first.next_cursor}`);
    await api.admin.query(
      "UPDATE lapse.exceptions SET category = 'other' WHERE exception_id = $1",
      [two],
    );
    const ids = second.items.map((item: { exception_id: string }) => item.exception_id);
    expect(ids).toHaveLength(2);
    expect(ids).not.toContain(one);
  });

  test('is the same where the database speaks another zone and style', async () => {
    const { database } = api.register.admin;
    await api.admin.query(`ALTER DATABASE ${database} SET timezone = 'Asia/Kolkata'`);
    await api.admin.query(`ALTER DATABASE ${database} SET datestyle = 'German'`);
    const { application, worker } = api.register;
    const db = openDatabase({ application, worker, testClock: true });
    try {
      const views = new ExceptionViews(db, samePolicy(BUILT_IN_POLICY));
      const request = {
        filter: {},
        sort: 'created_at',
        descending: false,
        limit: 2,
        exactCount: false,
      } as const;
      const first = await views.list(fully(api.tenantId), request);
      const second = await views.list(fully(api.tenantId), {
        ...request,
        cursor: first.next_cursor ?? '',
      });
      const expected = await list('sort=created_at&limit=4');
      expect([...first.items, ...second.items].map(({ state }) => state.exception_id)).toEqual(
        expected.items.map((item: { exception_id: string }) => item.exception_id),
      );
    } finally {
      await db.close();
      await api.admin.query(`ALTER DATABASE ${database} RESET ALL`);
    }
  });
});

test('without anything asked the newest come first, fifty to a page', async () => {
  const page = await list('');
  expect(page.items).toHaveLength(50);
  const times = page.items.map((item: { created_at: string }) => item.created_at);
  expect(times).toEqual([...times].sort().reverse());
});
