import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE } from '../../src/domain/schedule/instant.ts';
import { REASON } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import {
  ORIGIN,
  putPolicy,
  refused,
  request,
  SIGNED_POLICY,
  type SigningPerson,
  signedIn,
  stored,
  verify,
} from '../support/signing-people.ts';
import { type Ceremony, SoftwareAuthenticator } from '../support/software-authenticator.ts';
import { createTestApi } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());
await putPolicy(api, SIGNED_POLICY);

let people = 0;
let okoye: SigningPerson;
let id: string;
beforeEach(async () => {
  people += 1;
  okoye = await signedIn(api, `okoye-${people}@example.com`, { now: real });
  expect((await okoye.register()).status).toBe(201);
  id = (await request(api)).exception_id;
});

describe('an approval that has to be signed', () => {
  test('is signed, and the ledger holds all that it takes to check it', async () => {
    const { body: asked } = await okoye.challenge(id);
    expect(asked.statement).toMatchObject({
      v: 1,
      tenant_org: api.tenantId,
      exception_id: id,
      approves: 'request',
      role: 'approver',
      reason: REASON,
      approver: { id: okoye.id },
    });
    expect(asked.options).toMatchObject({ rpId: 'localhost', userVerification: 'required' });
    const answer = await okoye.approve(id, okoye.device.get(asked.options));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.approvals).toMatchObject([
      {
        role: 'approver',
        passkey: okoye.device.id,
        signed_in: { method: 'link' },
        ends_by: asked.statement.ends_at,
      },
    ]);
    const { body } = await api.send('GET', `/v1/exceptions/${id}/history`, { as: 'auditor' });
    const given = body.items.find(({ type }: { type: string }) => type === 'ApprovalGiven');
    expect(given.actor).toMatchObject({ signed_in: { method: 'link' } });
    expect(given.data.signature).toMatchObject({
      statement: asked.statement,
      credential_id: okoye.device.id,
      rp_id: 'localhost',
      origin: ORIGIN,
      public_key: { kty: 'EC', crv: 'P-256' },
    });
    const { items } = (await okoye.send('GET', '/v1/me/passkeys')).body;
    expect(items).toMatchObject([{ credential_id: okoye.device.id, name: 'A device' }]);
    expect(items[0].used_at).not.toBeNull();
    expect(await verify(api)).toMatchObject({ ok: true });
  });

  test.each(['EdDSA', 'RS256'] as const)('is signed with a key of %s', async (kind) => {
    const device = new SoftwareAuthenticator(ORIGIN, kind);
    expect((await okoye.register(device)).status).toBe(201);
    const { body } = await okoye.challenge(id);
    const answer = await okoye.approve(id, device.get(body.options));
    expect(answer.status, answer.text).toBe(200);
    expect(await verify(api)).toMatchObject({ ok: true });
  });

  test('is shown with the access that it gives, word for word', async () => {
    const grants = [
      { kind: 'role-assignment', target: '/s/<b>', subject: 'p', permission: 'Reader' },
    ];
    const given = await request(api, { grants });
    const { text } = await okoye.send('GET', `/approve/${given.exception_id}`);
    expect(text).toContain('<dt>Gives</dt><dd>the role Reader for p on /s/&#60;b&#62;</dd>');
  });

  test('is refused without a signature, and says where it is signed', async () => {
    const act = () => okoye.send('POST', `/v1/exceptions/${id}/approve`, { reason: REASON });
    const words = `(rule signed): sign it at /approve/${id}`;
    await refused(api, act, 403, 'signature-required', words);
    const bulk = { ids: [id], reason: REASON };
    const many = await okoye.send('POST', '/v1/bulk/approve', bulk);
    expect(many.body.results[0].problem).toMatchObject({ code: 'signature-required' });
  });

  test('is none by a token, which is nobody at a device', async () => {
    const as = 'approver';
    const body = { reason: REASON };
    const url = `/v1/exceptions/${id}/approve`;
    const asked = () => api.send('POST', `${url}/challenge`, { as, body });
    await refused(api, asked, 403, 'session-required', /a token is none: sign in/);
    const answered = okoye.device.get((await okoye.challenge(id)).body.options);
    const sent = () => api.send('POST', url, { as, body: { ...body, signature: answered } });
    await refused(api, sent, 403, 'session-required', /a token is none: sign in/);
    const made = () => api.send('POST', '/v1/me/passkeys/challenge', { as });
    await refused(api, made, 403, 'session-required', /a token is none: sign in/);
  });

  test('has no challenge where the approval itself would be refused', async () => {
    const auditor = await signedIn(api, `dpo-${people}@example.com`, { now: real, roles: ['dpo'] });
    await refused(api, () => auditor.challenge(id), 403, 'not-permitted', /is not asked for/);
    await refused(
      api,
      () => okoye.challenge(id, { reason: 'short' }),
      400,
      'invalid-request',
      /reason/,
    );
  });

  test('has no challenge for who has no passkey', async () => {
    const newcomer = await signedIn(api, `new-${people}@example.com`, { now: real });
    const act = () => newcomer.challenge(id);
    await refused(
      api,
      act,
      403,
      'signature-required',
      /no passkey here yet: register one at \/passkeys/,
    );
  });

  test('may be signed by another role that need not', async () => {
    const ciso = await signedIn(api, `ciso-${people}@example.com`, { now: real, roles: ['ciso'] });
    await ciso.register();
    expect((await ciso.sign(id)).body.approvals).toMatchObject([{ passkey: ciso.device.id }]);
    expect((await okoye.sign(id)).body.status).toBe('Approved');
    expect(await verify(api)).toMatchObject({ ok: true });
  });
});

describe('a signature is refused', () => {
  const signedWith = (ceremony: Ceremony) => async () => {
    const { body } = await okoye.challenge(id);
    const answered = okoye.device.get(body.options, ceremony);
    return () => okoye.approve(id, answered);
  };

  test.each<[string, Ceremony, RegExp]>([
    [
      'made on another origin',
      { origin: 'https://evil.example' },
      /made on https:\/\/evil.example/,
    ],
    ['for another domain', { rpId: 'evil.example' }, /another domain than localhost/],
    ['without user verification', { verified: false }, /has not verified who was there/],
    ['over another challenge', { challenge: 'A'.repeat(43) }, /answers no challenge/],
    ['inside a page of another site', { crossOrigin: true }, /inside a page of another site/],
    ['that is a registration', { type: 'webauthn.create' }, /no assertion of a passkey/],
  ])('%s', async (_, ceremony, words) => {
    const act = await signedWith(ceremony)();
    await refused(api, act, 422, 'signature-refused', words);
  });

  test('of another record', async () => {
    const other = (await request(api, { title: 'Another one' })).exception_id;
    const { body } = await okoye.challenge(other);
    const answered = okoye.device.get(body.options);
    const act = () => okoye.approve(id, answered);
    await refused(api, act, 422, 'signature-refused', /exception_id is .*, and .* was signed/);
  });

  test('of a revision that was edited meanwhile', async () => {
    const { body } = await okoye.challenge(id);
    const record = (await api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' })).body;
    const edit = { headers: { 'if-match': `"${record.revision}"` }, body: { impact: 'Low' } };
    const edited = await api.send('PATCH', `/v1/exceptions/${id}`, { as: 'requestor', ...edit });
    expect(edited.status, edited.text).toBe(200);
    const answered = okoye.device.get(body.options);
    const act = () => okoye.approve(id, answered);
    await refused(api, act, 422, 'signature-refused', /asked_at|statement_digest/);
  });

  test('over another reason, role or end than is sent', async () => {
    const { body } = await okoye.challenge(id);
    const answered = okoye.device.get(body.options);
    const reason = 'something that was never signed';
    const other = () => okoye.approve(id, answered, { reason });
    await refused(
      api,
      other,
      422,
      'signature-refused',
      /reason is something that was never signed/,
    );
    const expires_at = new Date(Date.parse(body.statement.ends_at) - MINUTE).toISOString();
    const earlier = () => okoye.approve(id, answered, { expires_at });
    await refused(api, earlier, 422, 'signature-refused', /ends_at is/);
  });

  test('with a counter that is lower, as a copied device has', async () => {
    okoye.device.get({ challenge: '' }, { counter: 40 });
    expect((await okoye.sign(id)).status).toBe(200);
    const next = (await request(api)).exception_id;
    const { body } = await okoye.challenge(next);
    const answered = okoye.device.get(body.options, { counter: 12 });
    await refused(
      api,
      () => okoye.approve(next, answered),
      422,
      'signature-refused',
      /counter value 12/,
    );
  });

  test("by another person's key, or for another person's challenge", async () => {
    const chen = await signedIn(api, `chen-${people}@example.com`, { now: real });
    await chen.register();
    const mine = (await okoye.challenge(id)).body.options;
    const byChen = chen.device.get(mine);
    const words = /a passkey that you have not registered/;
    await refused(api, () => okoye.approve(id, byChen), 422, 'signature-refused', words);
    const disguised = { ...byChen, id: okoye.device.id, rawId: okoye.device.id };
    const forged = () => okoye.approve(id, disguised);
    await refused(api, forged, 422, 'signature-refused', /the registered key has not made it/);
    const other = () => chen.approve(id, okoye.device.get(mine));
    await refused(api, other, 422, 'signature-refused', /no challenge that you were given/);
  });

  test('that is sent a second time', async () => {
    const two = await signedIn(api, `two-${people}@example.com`, {
      now: real,
      roles: ['approver', 'ciso'],
    });
    await two.register();
    const { body } = await two.challenge(id, { role: 'approver' });
    const answered = two.device.get(body.options);
    expect((await two.approve(id, answered, { role: 'approver' })).status).toBe(200);
    const again = () => two.approve(id, answered, { role: 'approver' });
    await refused(api, again, 422, 'signature-refused', /or one that is spent/);
  });

  test('of two that arrive at once, one', async () => {
    const { body } = await okoye.challenge(id);
    const answered = okoye.device.get(body.options);
    const both = await Promise.all([1, 2].map(() => okoye.approve(id, answered)));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 422]);
  });

  test('of a challenge that is over', async () => {
    const { body } = await okoye.challenge(id);
    const answered = okoye.device.get(body.options);
    real += 5 * MINUTE;
    await refused(api, () => okoye.approve(id, answered), 422, 'signature-refused', /five minutes/);
  });

  test('of a passkey that was removed', async () => {
    const { body } = await okoye.challenge(id);
    const answered = okoye.device.get(body.options);
    const url = `/v1/me/passkeys/${okoye.device.id}`;
    expect((await okoye.send('DELETE', url)).status).toBe(204);
    const words = /not registered, or have removed/;
    await refused(api, () => okoye.approve(id, answered), 422, 'signature-refused', words);
    expect((await okoye.send('GET', '/v1/me/passkeys')).body.items).toEqual([]);
    await refused(api, () => okoye.send('DELETE', url), 404, 'not-found', /you have no passkey/);
  });

  test('that is altered by one bit', async () => {
    const { body } = await okoye.challenge(id);
    const { response, ...answered } = okoye.device.get(body.options);
    const bytes = Buffer.from(response.signature, 'base64url');
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    const signature = bytes.toString('base64url');
    const act = () => okoye.approve(id, { ...answered, response: { ...response, signature } });
    await refused(api, act, 422, 'signature-refused', /the registered key has not made it/);
  });

  test.each([
    ['no base64url', { clientDataJSON: '%%%' }, 'invalid-record'],
    ['base64 of the other alphabet', { signature: 'ab+/' }, 'invalid-record'],
    ['base64url that is not canonical', { signature: 'ab' }, 'invalid-record'],
    ['nothing', { signature: '' }, 'invalid-record'],
    ['too much', { authenticatorData: 'A'.repeat(10_000) }, 'invalid-record'],
    ['client data that is no JSON', { clientDataJSON: 'AAAA' }, 'signature-refused'],
    [
      'client data that is no object',
      { clientDataJSON: Buffer.from('7').toString('base64url') },
      'signature-refused',
    ],
    ['authenticator data that is cut off', { authenticatorData: 'AAAA' }, 'signature-refused'],
  ])('that holds %s', async (_, part, code) => {
    const { body } = await okoye.challenge(id);
    const answered = okoye.device.get(body.options);
    const signature = { ...answered, response: { ...answered.response, ...part } };
    const before = await stored(api);
    const answer = await okoye.approve(id, signature);
    expectProblem(answer, 422, code);
    expect(await stored(api)).toEqual(before);
  });
});
