import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draft } from '../support/api-records.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

/** More than one answer ever held. */
const ROWS = 1_003;

interface List {
  readonly path: string;
  readonly id: string;
  readonly newestFirst: boolean;
}

const lists: Record<string, List> = {};

beforeAll(async () => {
  const { exception_id: id } = await draft(api);
  await api.admin.query(
    `INSERT INTO lapse.comments (tenant_id, exception_id, comment_id, author_id, author_name, body, created_at)
     SELECT $1, $2, 'cmt_' || lpad(n::text, 6, '0'), 'someone', 'Someone', 'said', clock_timestamp()
     FROM generate_series(1, $3::int) AS n`,
    [api.tenantId, id, ROWS],
  );
  await api.admin.query(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     SELECT $1, 'tsk_' || lpad(n::text, 6, '0'), 'quarantine', 'exception', 'EXC_' || n, 'stuck', clock_timestamp()
     FROM generate_series(1, $2::int) AS n`,
    [api.tenantId, ROWS],
  );
  await api.admin.query(
    `INSERT INTO lapse.tokens
     SELECT (jsonb_populate_record(t, jsonb_build_object(
       'token_id', copy.id,
       'state', jsonb_set(t.state::jsonb, '{token_id}', to_jsonb(copy.id)),
       'secret_hash', '\\x' || md5(copy.id) || md5(copy.id)
     ))).*
     FROM lapse.tokens t, generate_series(1, $2::int) AS n,
       LATERAL (SELECT 'tok_' || lpad(n::text, 6, '0') AS id) AS copy
     WHERE t.tenant_id = $1 AND t.state->>'role' = 'auditor'`,
    [api.tenantId, ROWS],
  );
  Object.assign(lists, {
    comments: { path: `/v1/exceptions/${id}/comments`, id: 'comment_id', newestFirst: false },
    tasks: { path: '/v1/tasks', id: 'task_id', newestFirst: true },
    tokens: { path: '/v1/tokens', id: 'token_id', newestFirst: true },
  });
});

function listOf(name: string): List {
  const list = lists[name];
  if (!list) throw new Error(`there is no list ${name}`);
  return list;
}

const get = (name: string, query = '') =>
  api.send('GET', `${listOf(name).path}?${query}`, { as: 'administrator' });

describe.each(['comments', 'tasks', 'tokens'])('%s', (name) => {
  test('are passed once each, in order, page after page', async () => {
    const { id, newestFirst } = listOf(name);
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { status, body } = await get(name, `limit=200${cursor && `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      ids.push(...body.items.map((item: Record<string, string>) => item[id]));
      cursor = body.next_cursor;
    }
    const sorted = ids.toSorted();
    expect(ids).toEqual(newestFirst ? sorted.toReversed() : sorted);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(ROWS);
  });

  test('come 50 at a time unless more is asked for, and a last page names no other', async () => {
    expect((await get(name)).body.items).toHaveLength(50);
    const { body } = await get(name, 'limit=1');
    expect(body.items).toHaveLength(1);
    expect(body.next_cursor).toEqual(expect.any(String));
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'cursor=x'])('%s is refused', async (query) => {
    const { status, body } = await get(name, query);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ path: query.split('=')[0], message: expect.any(String) }]);
  });
});

test('a list takes no cursor of another one', async () => {
  const { body } = await get('tasks', 'limit=1');
  const { status } = await get('tokens', `cursor=${body.next_cursor}`);
  expect(status).toBe(400);
});
