import { afterAll, expect, test } from 'vitest';
import type { Principal } from '../../src/domain/access/principal.ts';
import { PasskeyService } from '../../src/features/identity/passkey-service.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { putPolicy, request, SIGNED_POLICY, signedIn, verify } from '../support/signing-people.ts';
import { SoftwareAuthenticator } from '../support/software-authenticator.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

/** The same register behind another public address. */
const passkeysAt = (publicUrl: string) =>
  new PasskeyService({ db: api.register.db, publicUrl, realNow: Date.now });
const SIGN_IN = { method: 'link' } as const;
const NEW = 'https://lapse.example.com';

test.each([
  'http://lapse.example.com',
  'http://192.0.2.7:7400',
  'https://[2001:db8::1]',
  'https://192.0.2.7',
])('at %s browsers make no passkeys, which is said before they try', async (url) => {
  const okoye = await signedIn(api, 'okoye@example.com', { now: Date.now() });
  const actor = { id: okoye.id, name: 'Okoye', role: 'approver', signed_in: SIGN_IN } as const;
  const principal = { tenantId: api.tenantId, actor, clearance: 'internal' } as const;
  await expect(passkeysAt(url).offer(principal)).rejects.toMatchObject({
    code: 'wrong-state',
    message: expect.stringContaining('set LAPSE_PUBLIC_URL'),
  });
});

test('the first passkey fixes the address; a command moves it, and what was signed stays good', async () => {
  await putPolicy(api, SIGNED_POLICY);
  const okoye = await signedIn(api, 'okoye@example.com', { now: Date.now() });
  const body = { reason: 'before anybody has one' };
  const early = await api.send('POST', '/v1/passkeys/move', { as: 'administrator', body });
  expectProblem(early, 409, 'wrong-state');
  await okoye.register();
  const { exception_id: first } = await request(api);
  expect((await okoye.sign(first)).status).toBe(200);

  const actor = { id: okoye.id, name: 'okoye', role: 'approver', signed_in: SIGN_IN } as const;
  const principal: Principal = { tenantId: api.tenantId, actor, clearance: 'internal' };
  const moved = passkeysAt(NEW);
  await expect(moved.offer(principal)).rejects.toThrow(
    'belong to http://localhost:7400, and this is https://lapse.example.com',
  );
  const party = await moved.move(principal, 'a name of our own');
  expect(party).toEqual({ rp_id: 'lapse.example.com', origins: [NEW] });

  // Here it is the old address now.
  const { exception_id: second } = await request(api);
  const refused = await okoye.challenge(second);
  expectProblem(refused, 409, 'wrong-state');
  expect(refused.body.detail).toContain('an administrator moves them with lapse passkeys move');

  // There, people register new ones.
  const options = await moved.offer(principal);
  const device = new SoftwareAuthenticator(NEW);
  const made = await moved.register(principal, 'New', device.create(options));
  expect(made).toMatchObject({ rp_id: 'lapse.example.com', origin: NEW });
  const { rows } = await api.admin.query<{ type: string }>(
    `SELECT convert_from(envelope, 'UTF8')::json->>'type' AS type FROM lapse.events
     WHERE stream_type = 'relying_party' ORDER BY version`,
  );
  expect(rows.map(({ type }) => type)).toEqual(['RelyingPartyFixed', 'RelyingPartyMoved']);
  expect(await verify(api)).toMatchObject({ ok: true });
});
