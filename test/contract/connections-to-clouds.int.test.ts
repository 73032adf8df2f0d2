import { afterAll, describe, expect, test } from 'vitest';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const DIRECTORY = '99999999-2222-4333-8444-555555555555';
const AZURE = { connector: 'azure', directory_id: DIRECTORY } as const;
const put = (body: unknown, token?: string) =>
  api.send('PUT', '/v1/connections/azure', token ? { token, body } : { as: 'administrator', body });

describe('a connection', () => {
  test('is put in use, shown without its secret, and taken out of use', async () => {
    const credential = { kind: 'client-secret', client_id: DIRECTORY };
    const made = await put({ ...AZURE, credential, secret: 'swordfish' });
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({ name: 'azure', mode: 'remove', cloud: 'public', credential });
    const listed = await api.send('GET', '/v1/connections', { as: 'administrator' });
    expect(listed.body.items).toHaveLength(1);
    for (const { text } of [made, listed]) expect(text).not.toContain('swordfish');
    const { rows } = await api.admin.query(
      `SELECT convert_from(envelope, 'utf8') || coalesce(p.payload, '') AS text FROM lapse.events e
       LEFT JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
       WHERE stream_type = 'connection'
       UNION ALL SELECT s::text FROM lapse.secrets s UNION ALL SELECT c::text FROM lapse.connections c`,
    );
    expect(rows.length).toBeGreaterThan(2);
    for (const { text } of rows) expect(text).not.toContain('swordfish');
    const removed = await api.send('DELETE', '/v1/connections/azure', { as: 'administrator' });
    expect(removed.status).toBe(204);
    const after = await api.send('GET', '/v1/connections', { as: 'administrator' });
    expect(after.body.items).toEqual([]);
    const { rows: secrets } = await api.admin.query(
      "SELECT FROM lapse.secrets WHERE secret_id = 'connection/azure'",
    );
    expect(secrets).toEqual([]);
  });

  test.each([
    ['an unknown key', { ...AZURE, password: 'x' }],
    ['no directory', { connector: 'azure' }],
    ['a mode that is none', { ...AZURE, mode: 'everything' }],
    ['a control that is none', { ...AZURE, modes: { rbac: 'manage' } }],
    ['a cloud that is none', { ...AZURE, cloud: 'https://evil.example' }],
    ['a connector that is none', { connector: 'aws' }],
    [
      'an address that is no web address',
      { connector: 'webhook', kinds: ['x'], url: 'file:///etc' },
    ],
    [
      'a secret that cannot sign',
      { connector: 'webhook', kinds: ['x'], url: 'https://example.com', secret: 'hunter2' },
    ],
    ['nothing', undefined],
  ])('with %s is refused, and nothing is kept', async (_, body) => {
    const answer = await put(body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    const listed = await api.send('GET', '/v1/connections', { as: 'administrator' });
    expect(listed.body.items).toEqual([]);
  });

  test('of another tenant never uses the identity of the server', async () => {
    const other = await api.addTenant();
    const token = other.tokens.administrator;
    for (const kind of ['environment', 'managed-identity', 'workload-identity']) {
      const credential = { kind, ...(kind === 'workload-identity' && { client_id: DIRECTORY }) };
      expectProblem(await put({ ...AZURE, credential }, token), 403, 'not-permitted');
    }
    expectProblem(await put(AZURE, token), 403, 'not-permitted');
    const credential = { kind: 'client-secret', client_id: DIRECTORY };
    expect((await put({ ...AZURE, credential, secret: 'x' }, token)).status).toBe(200);
  });
});
