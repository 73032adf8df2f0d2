import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Imports, openImports, places, TEMPLATE } from './imports.fixture.ts';

let imports: Imports;
beforeAll(async () => {
  imports = await openImports();
});
afterAll(() => imports.close());

it('the template is refused as it stands, each problem with its place and what would pass', async () => {
  const before = await imports.rows();
  const sent = await imports.send(TEMPLATE);
  expect(sent.status).toBe(422);
  expect(sent.headers['content-type']).toContain('application/problem+json');
  expect(sent.body.code).toBe('import-refused');
  expect(sent.body.detail).toBe('nothing was imported: the file has 5 problems');
  expect(places(sent)).toEqual([
    '1:15 exception_id',
    '7:13 tenant_org',
    '23:3 approvals',
    '26:13 expires_at',
    '32:9 status',
  ]);
  for (const { message } of sent.body.errors ?? []) expect(message).toMatch(/would pass|leave/);
  expect(await imports.rows()).toEqual(before);
});

it('a rehearsal tells what assign would do, and does nothing', async () => {
  const before = await imports.rows();
  const { status, body } = await imports.send(TEMPLATE, '?assign=true&dry_run=true');
  expect(status).toBe(200);
  expect(body.created).toEqual([
    {
      title: 'Temporary OAuth bypass for supplier webhook re-ingest',
      line: 1,
      notes: expect.any(Array),
    },
  ]);
  expect(await imports.rows()).toEqual(before);
});

it('with assign it is a draft whose end the policy sets', async () => {
  const { status, body } = await imports.send(TEMPLATE, '?assign=true');
  expect(status).toBe(201);
  expect(body.total).toBe(1);
  expect(body.unchanged).toEqual([]);
  const [made] = body.created;
  expect(made?.notes.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
    '1:15 exception_id',
    '7:13 tenant_org',
    '23:3 approvals',
    '26:13 expires_at',
    '32:9 status',
  ]);
  expect(made?.notes[3]?.message).toContain('the policy sets the end at approval (at most P90D');
  expect(body.warnings.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    '6:12 Doubled braces read as single ones.',
    '23:5 Doubled braces read as single ones.',
    '24:5 Doubled braces read as single ones.',
  ]);
  const record = await imports.get(`/exceptions/${made?.exception_id}`);
  expect(record).toMatchObject({
    status: 'Draft',
    approvals: [],
    in_force: false,
    tenant_org: imports.tenantId,
    severity: 'High',
    claims: { status: 'Approved', approvals: [{ role: 'API-Owner' }, { role: 'Security (CISO)' }] },
    external_ids: ['EXC_01J6M9M5Y0Q2H6W2QF9Q1V', 'tenant_org:01H9Z3C2S6W5R4T3Q2P1'],
    requestor: { name: 'A. Rivera', email: 'arivera@example.com', team: 'Integrations' },
  });
  expect(record.expires_at).toBeUndefined();
});

it('again it changes nothing, edited since or not', async () => {
  const before = await imports.rows();
  const again = await imports.send(TEMPLATE, '?assign=true');
  expect(again.status).toBe(200);
  expect(again.body.created).toEqual([]);
  expect(again.body.unchanged).toEqual([
    {
      exception_id: expect.stringMatching(/^EXC_/),
      title: 'Temporary OAuth bypass for supplier webhook re-ingest',
      line: 1,
      reason: expect.stringContaining(
        'was imported before under its id "EXC_01J6M9M5Y0Q2H6W2QF9Q1V"',
      ),
    },
  ]);
  const edited = TEMPLATE.toString('utf8').replace('Temporary', 'Lasting');
  expect((await imports.send(edited, '?assign=true')).body.unchanged).toHaveLength(1);
  expect(await imports.rows()).toEqual(before);
});
