import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../src/domain/schedule/instant.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { SCOPE } from './cloud-lab.ts';
import { createWatchedCloud, type WatchedCloud } from './watched-cloud.ts';

const OWNER = 'rivera@example.com';
const NOTIFICATION = { 'aeg-event-type': 'Notification' };
let lab: WatchedCloud;
let secret: string;
let personId: string;
beforeAll(async () => {
  lab = await createWatchedCloud();
  personId = await lab.addPerson('A. Rivera', OWNER);
  secret = await newSecret();
  await lab.moveOn(MINUTE);
});
afterAll(() => lab.close());

async function newSecret(): Promise<string> {
  const url = '/v1/connections/azure/event-secret';
  const { body } = await lab.api.send('POST', url, { as: 'administrator' });
  expect(body.url).toBe('http://localhost:7400/v1/events/azure/azure');
  return body.secret;
}

function post(events: unknown, headers: Record<string, string> = NOTIFICATION, code = secret) {
  const url = `/v1/events/azure/azure?code=${code}`;
  return lab.api.send('POST', url, { body: events, headers });
}

/** As Event Grid says that something was written. */
function written(resourceUri: string, more: Record<string, unknown> = {}) {
  const operationName = 'Microsoft.Authorization/roleAssignments/write';
  const data = { operationName, resourceUri, correlationId: crypto.randomUUID(), ...more };
  const eventType = 'Microsoft.Resources.ResourceWriteSuccess';
  return { id: crypto.randomUUID(), eventType, eventTime: new Date(lab.now).toISOString(), data };
}

async function stored(): Promise<number> {
  const { rows } = await lab.api.admin.query(
    "SELECT count(*)::int AS count FROM lapse.audit_events WHERE event_id LIKE 'event-grid/%'",
  );
  return rows[0].count;
}

describe('who posts', () => {
  test('shows the secret, in the query or as a bearer', async () => {
    expect((await post([])).status).toBe(200);
    const headers = { ...NOTIFICATION, authorization: `Bearer ${secret}` };
    const url = '/v1/events/azure/azure';
    expect((await lab.api.send('POST', url, { body: [], headers })).status).toBe(200);
  });

  test.each([
    ['nothing', () => ''],
    ['something else', () => 'x'],
    ['another secret', () => secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A')],
    ['a token of ours', () => lab.api.tokens.administrator],
    ['a text that is much longer', () => 'x'.repeat(5_000)],
  ])('is refused with %s', async (_, code) => {
    expectProblem(await post([written(SCOPE)], NOTIFICATION, code()), 401, 'unauthenticated');
  });

  test('is refused for another connection, for another tenant, and where there is none', async () => {
    const other = await lab.api.addTenant();
    const theirs = secret.replace(/_[0-9A-Z]{26}_/, `_${other.tenantId}_`);
    expectProblem(await post([], NOTIFICATION, theirs), 401, 'unauthenticated');
    const url = `/v1/events/azure/other?code=${secret}`;
    const headers = NOTIFICATION;
    expectProblem(await lab.api.send('POST', url, { body: [], headers }), 401, 'unauthenticated');
  });

  test('a new secret ends the one before; it is kept nowhere, and shown once', async () => {
    const before = secret;
    secret = await newSecret();
    expectProblem(await post([], NOTIFICATION, before), 401, 'unauthenticated');
    expect((await post([])).status).toBe(200);
    const { rows } = await lab.api.admin.query(
      `SELECT convert_from(envelope, 'utf8') || coalesce(p.payload, '') AS text FROM lapse.events e
       LEFT JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
       WHERE stream_type = 'connection'
       UNION ALL SELECT s::text FROM lapse.secrets s UNION ALL SELECT c::text FROM lapse.connections c`,
    );
    expect(rows.length).toBeGreaterThan(2);
    const inner = secret.slice(-32);
    expect(inner).toHaveLength(32);
    for (const { text } of rows) expect(text).not.toContain(inner);
    const key = { 'idempotency-key': 'once' };
    const asked = { as: 'administrator', headers: key } as const;
    const url = '/v1/connections/azure/event-secret';
    const first = await lab.api.send('POST', url, asked);
    secret = first.body.secret;
    const again = await lab.api.send('POST', url, asked);
    expect(again.body).toEqual({ url: first.body.url, secret: null });
    const { body } = await lab.api.send('GET', '/v1/connections', { as: 'administrator' });
    expect(JSON.stringify(body)).not.toContain('sha256');
  });
});

describe('what is posted', () => {
  test('the handshake is answered with its code', async () => {
    const headers = { 'aeg-event-type': 'SubscriptionValidation' };
    const eventType = 'Microsoft.EventGrid.SubscriptionValidationEvent';
    const asks = [{ id: '1', eventType, data: { validationCode: 'the-code' } }];
    expect((await post(asks, headers)).body).toEqual({ validationResponse: 'the-code' });
    expectProblem(await post([], headers), 400, 'invalid-request');
  });

  test.each([
    ['no list', { a: 1 }],
    ['too many', Array.from({ length: 5_001 }, () => 1)],
  ])('%s is refused', async (_, body) => {
    expect((await post(body)).status).toBeGreaterThanOrEqual(400);
    expect((await post(body)).status).toBeLessThan(500);
  });

  test('without its kind, too large, or no JSON, it is refused with what would pass', async () => {
    expectProblem(await post([], {}), 400, 'invalid-request');
    const url = `/v1/events/azure/azure?code=${secret}`;
    const send = (raw: string) => lab.api.send('POST', url, { raw, headers: NOTIFICATION });
    expectProblem(await send(`["${'x'.repeat(1024 * 1024)}"]`), 413, 'too-large');
    expectProblem(await send('[{'), 400, 'invalid-request');
    const strange = [null, 7, 'x', [], {}, { eventType: 7 }, written('x'), written('\u0000')];
    const before = await stored();
    expect((await post(strange)).status).toBe(200);
    expect(await stored()).toBe(before);
  });

  test('is checked with the cloud: what stands nowhere is nothing', async () => {
    const made = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
    expect((await post([written(made)])).status).toBe(200);
    await lab.moveOn(MINUTE);
    const { body } = await lab.api.send('GET', '/v1/alerts', { as: 'security' });
    expect(body.items).toEqual([]);
  });
});

describe('access that was given again', () => {
  test('is gone within a minute of the post; who did it is believed of the log', async () => {
    const role = lab.newRole();
    const id = await lab.inForce([role], 1);
    await lab.moveOn(DAY + 30 * MINUTE);
    expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed' }]);
    lab.assign(role, SCOPE, OWNER);
    const resource = lab.assignmentOf(role.subject);
    const claims = {
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'ciso@lapse.test',
    };
    const forged = Array.from({ length: 5 }, () => written(resource, { claims }));
    await post([...forged, written(resource.toUpperCase())]);
    await lab.moveOn(MINUTE);
    expect(lab.assignments(role.subject)).toBe(0);
    const [alert, ...others] = await lab.alertsOf(role.subject);
    expect(others).toEqual([]);
    expect(alert).toMatchObject({ kind: 'circumvention', log: 'event-grid', person_id: null });
    expect(alert.by).not.toHaveProperty('upn');
    expect(await lab.strikes(personId)).toBe(0);
    await lab.moveOn(20 * MINUTE);
    const confirmed = await lab.alertsOf(role.subject);
    expect(confirmed).toMatchObject([{ log: 'activity-log', person_id: personId }]);
    expect(await lab.strikes(personId)).toBe(1);
    // The same again says nothing new.
    await post([written(resource)]);
    await lab.moveOn(20 * MINUTE);
    expect(await lab.alertsOf(role.subject)).toHaveLength(1);
    expect(await lab.strikes(personId)).toBe(1);
  });

  test('is an alert though the log holds no body that can be read, and nothing stands any more', async () => {
    const role = lab.newRole();
    await lab.inForce([role], 1);
    await lab.moveOn(DAY + 30 * MINUTE);
    const path = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
    await lab.api.lapse.db.inSystem(async (tx) => {
      const event = {
        ...{ log: 'activity-log', event_id: 'one', correlation_id: 'two', resource_id: path },
        operation: 'microsoft.authorization/roleassignments/write',
        ...{ outcome: 'succeeded', at: lab.now, by: { upn: OWNER } },
      };
      tx.atCommit(
        `INSERT INTO lapse.audit_events (tenant_id, connection, event_id, operation_key, event, next_due_at, kept_until)
         VALUES ($1, 'azure', 'one', '\\x00', $2, '2000-01-01', 'infinity')`,
        [lab.api.tenantId, JSON.stringify(event)],
      );
    });
    const unreadable = async () => {
      await lab.moveOn(16 * MINUTE);
      return lab.api.send('GET', '/v1/alerts?kind=unreadable', { as: 'security' });
    };
    // A line that comes later may still say what it gave.
    for (let looks = 0; looks < 4; looks += 1) expect((await unreadable()).body.items).toEqual([]);
    await unreadable();
    const { body } = await unreadable();
    expect(body.items).toMatchObject([{ resource_id: path, access: null, person_id: personId }]);
  });

  test('what the cloud cannot be asked about is asked again, and told of in the end', async () => {
    const role = lab.newRole();
    lab.assign(role, SCOPE, OWNER);
    const resource = lab.assignmentOf(role.subject);
    lab.cloud.fail({ fits: ({ path }) => path === resource, times: 2, does: 'drop' });
    await post([written(resource)]);
    await lab.moveOn(MINUTE);
    expect(await lab.alertsOf(role.subject)).toEqual([]);
    await lab.moveOn(5 * MINUTE);
    await lab.moveOn(5 * MINUTE);
    expect(await lab.alertsOf(role.subject)).toMatchObject([{ kind: 'outside-register' }]);
  });

  test('what the cloud never tells of a post is no alert: nobody is named on the word of a post', async () => {
    const made = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
    lab.cloud.fail({ fits: ({ path }) => path === made, times: 1e9, does: 'drop' });
    const claims = { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': OWNER };
    await post([written(made, { claims })]);
    for (let looks = 0; looks < 8; looks += 1) await lab.moveOn(16 * MINUTE);
    const asked = lab.cloud.log.filter(({ path }) => path === made);
    expect(asked.length).toBeGreaterThanOrEqual(6);
    const { body } = await lab.api.send('GET', '/v1/alerts?limit=200', { as: 'security' });
    const named = body.items.map(({ resource_id }: { resource_id: string }) => resource_id);
    expect(named).not.toContain(made);
    lab.cloud.mend();
  });
});

test('the ledger of all of it verifies', async () => {
  const { lapse, tenantId } = lab.api;
  const found = await lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(found).toMatchObject({ ok: true, findings: [] });
});
