import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isCleared } from '../../src/domain/access/clearance.ts';
import { CLASSIFICATIONS } from '../../src/domain/exception/fields.ts';
import { counted, recounted } from '../../src/features/exceptions/exception-counts.fixture.ts';
import { approveAll, command, draft, passed } from '../support/api-records.ts';
import { START } from '../support/given.ts';
import { raisedAlert } from '../support/raised-alert.ts';
import { openFinding } from '../support/stored-finding.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
const application = new pg.Client(api.register.application);
afterAll(async () => {
  await application.end();
  await api.close();
});

/** A word for each classification, in every text of its record and in no other. */
const WORDS = { public: 'aspen', internal: 'birch', restricted: 'cedar', confidential: 'dogwood' };
const ids = new Map<string, string>();

beforeAll(async () => {
  await application.connect();
  for (const classification of CLASSIFICATIONS) {
    const word = WORDS[classification];
    const body = [
      {
        title: `The ${word} bypass`,
        external_ids: [`T-${word}`],
        services: [word],
        owners: [`${word}@example.com`],
      },
    ];
    const made = await api.send('POST', '/v1/imports', { as: 'requestor', body });
    const grants = [{ kind: 'account', target: `the ${word} of the gateway` }];
    const fields = {
      title: `${word} too`,
      services: [`${word}-live`],
      justification: word,
      grants,
    };
    const { exception_id: id } = await draft(api, {
      ...fields,
      data_classification: classification,
    });
    ids.set(made.body.created[0].exception_id, classification);
    ids.set(id, classification);
    await api.send('PATCH', `/v1/exceptions/${made.body.created[0].exception_id}`, {
      as: 'requestor',
      body: { data_classification: classification },
      headers: { 'if-match': '"1"' },
    });
    passed(await command(api, id, 'submit'));
    passed(await approveAll(api, id));
    passed(await command(api, id, 'activate'));
    await openFinding(api, { exceptionId: id });
    await api.send('POST', `/v1/exceptions/${id}/comments`, {
      as: 'requestor',
      body: { body: word },
    });
    await api.admin.query(
      `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
       VALUES ($1, $2, 'quarantine', 'exception', $3, $4, now())`,
      [api.tenantId, `task_${word}`, id, word],
    );
    await raisedAlert(api.register.db, api.tenantId, { exceptionId: id, target: word });
    await api.admin.query(
      'INSERT INTO lapse.exception_link_work (tenant_id, exception_id, next_at) VALUES ($1, $2, $3)',
      [api.tenantId, id, '9999-01-01'],
    );
    await api.admin.query(
      `INSERT INTO lapse.exception_awaited_roles (tenant_id, exception_id, role)
       VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [api.tenantId, id, word],
    );
  }
  await api.moveTo(START + 1_000);
});

/** Runs as the application with a clearance, none where it is undefined, and takes back what it did. */
async function cleared<T>(clearance: string | undefined, run: () => Promise<T>): Promise<T> {
  await application.query('BEGIN');
  try {
    await application.query("SELECT set_config('lapse.tenant', $1, true)", [api.tenantId]);
    if (clearance !== undefined)
      await application.query("SELECT set_config('lapse.clearance', $1, true)", [clearance]);
    return await run();
  } finally {
    await application.query('ROLLBACK');
  }
}

const { rows: tables } = await api.admin.query<{ name: string; is_about_records: boolean }>(
  `SELECT c.relname AS name, EXISTS (SELECT FROM pg_attribute x
     WHERE x.attrelid = c.oid AND x.attname = 'exception_id') AS is_about_records
   FROM pg_class c WHERE c.relnamespace = 'lapse'::regnamespace AND c.relkind IN ('r', 'p')
     AND has_table_privilege('lapse_app', c.oid, 'SELECT') ORDER BY 1`,
);

const SETTINGS = [...CLASSIFICATIONS, undefined, '', 'top', "x' OR true --"] as const;

describe.each(SETTINGS)('cleared by the setting %j, the application', (setting) => {
  const clearance = CLASSIFICATIONS.find((each) => each === setting) ?? 'public';
  const above = CLASSIFICATIONS.filter((each) => !isCleared(clearance, each));
  const isHidden = (id: string) => above.some((each) => each === ids.get(id));

  test.each(tables)(
    'reads nothing above that in lapse.$name',
    async ({ name, is_about_records }) => {
      const { rows } = await cleared(setting, () =>
        application.query<{ text: string; id: string | null }>(
          `SELECT t::text AS text, ${is_about_records ? 't.exception_id' : 'NULL'} AS id FROM lapse.${name} t`,
        ),
      );
      for (const { text, id } of rows) {
        for (const classification of above) expect(text).not.toContain(WORDS[classification]);
        if (id !== null) expect(isHidden(id)).toBe(false);
      }
      if (!is_about_records || name === 'stored_files') return;
      const shown = new Set(rows.map(({ id }) => id));
      const all = await api.admin.query<{ id: string }>(
        `SELECT DISTINCT exception_id AS id FROM lapse.${name}`,
      );
      expect(all.rowCount).toBeGreaterThan(0);
      expect(shown.size).toBe(all.rows.filter(({ id }) => !isHidden(id)).length);
    },
  );

  test('finds nothing above that by searching', async () => {
    for (const [classification, word] of Object.entries(WORDS)) {
      const query = `'${word}':*`;
      const expected = above.some((each) => each === classification) ? 0 : 2;
      const found = await cleared(setting, () =>
        application.query('SELECT lapse.search_exceptions($1)', [query]),
      );
      expect(found.rowCount).toBe(expected);
      const each = await cleared(setting, () =>
        application.query(
          "SELECT FROM lapse.exception_search WHERE search @@ to_tsquery('simple', $1)",
          [query],
        ),
      );
      expect(each.rowCount).toBe(expected);
    }
  });

  test.each(tables.filter(({ is_about_records }) => is_about_records))(
    'changes and takes away nothing above that in lapse.$name',
    async ({ name }) => {
      for (const statement of [
        `UPDATE lapse.${name} SET exception_id = exception_id RETURNING exception_id AS id`,
        `DELETE FROM lapse.${name} RETURNING exception_id AS id`,
      ]) {
        const touched = await cleared(setting, () =>
          application.query<{ id: string }>(statement).then(
            ({ rows }) => rows,
            ({ code }) => {
              expect(code).toBe('42501');
              return [];
            },
          ),
        );
        expect(touched.filter(({ id }) => isHidden(id))).toEqual([]);
      }
    },
  );

  test('classifies nothing above that', async () => {
    for (const classification of above) {
      const raise = cleared(setting, () =>
        application.query('UPDATE lapse.exceptions SET data_classification = $1', [classification]),
      );
      await expect(raise).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('counts what it may see, and nothing else', async () => {
    const { db } = api.register;
    const reach = { tenantId: api.tenantId, clearance };
    for (const isAddedUp of [false, true]) {
      if (isAddedUp) await api.lapse.loop.settle();
      const [kept, recount] = await db.inTenant(reach, async (tx) => [
        await counted(tx, api.tenantId),
        await recounted(tx, api.tenantId),
      ]);
      expect(kept).toEqual(recount);
      expect(Object.values(kept ?? {}).length > 0).toBe(ids.size > 0 && clearance !== undefined);
    }
  });
});

test('a table with rows about records shows them by clearance', async () => {
  const { rows } = await api.admin.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_policies WHERE schemaname = 'lapse' AND policyname = 'clearance'
       AND permissive = 'RESTRICTIVE' AND roles = '{lapse_app}' AND cmd = 'ALL'`,
  );
  const without = tables
    .filter(({ is_about_records }) => is_about_records)
    .filter(({ name }) => !rows.some((policy) => policy.name === name));
  expect(without).toEqual([]);
});
