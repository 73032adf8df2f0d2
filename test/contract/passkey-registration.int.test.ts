import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  ORIGIN,
  putPolicy,
  refused,
  request,
  SIGNED_POLICY,
  type SigningPerson,
  signedIn,
  stored,
} from '../support/signing-people.ts';
import { type Ceremony, SoftwareAuthenticator } from '../support/software-authenticator.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
await putPolicy(api, SIGNED_POLICY);

let people = 0;
let okoye: SigningPerson;
let id: string;
beforeEach(async () => {
  people += 1;
  okoye = await signedIn(api, `okoye-${people}@example.com`, { now: Date.now() });
  expect((await okoye.register()).status).toBe(201);
  id = (await request(api)).exception_id;
});

describe('a passkey', () => {
  const registering =
    (ceremony: Ceremony, device = new SoftwareAuthenticator(ORIGIN)) =>
    async () => {
      const { body: options } = await okoye.send('POST', '/v1/me/passkeys/challenge');
      const credential = device.create(options, ceremony);
      return () => okoye.send('POST', '/v1/me/passkeys', { name: 'Another', credential });
    };

  test.each<[string, Ceremony, RegExp]>([
    ['another origin', { origin: 'https://evil.example' }, /origin "https:\/\/evil.example"/],
    ['another domain', { rpId: 'evil.example' }, /RP ID/],
    ['nobody who was verified', { verified: false }, /verif/],
    ['another challenge', { challenge: 'A'.repeat(43) }, /answers no challenge/],
    ['an assertion', { type: 'webauthn.get' }, /registration response type/],
  ])('is not registered with %s', async (_, ceremony, words) => {
    await refused(api, await registering(ceremony)(), 422, 'signature-refused', words);
  });

  test('is registered once', async () => {
    await refused(api, await registering({}, okoye.device)(), 409, 'already-exists', /already/);
  });

  test('is not registered with the challenge of an approval, nor signs with one of its own', async () => {
    const { options } = (await okoye.challenge(id)).body;
    const credential = new SoftwareAuthenticator(ORIGIN).create(options);
    const body = { name: 'Another', credential };
    const register = () => okoye.send('POST', '/v1/me/passkeys', body);
    await refused(api, register, 422, 'signature-refused', /was one for an approval/);
    const { body: made } = await okoye.send('POST', '/v1/me/passkeys/challenge');
    const sign = () => okoye.approve(id, okoye.device.get(made));
    await refused(api, sign, 422, 'signature-refused', /was one to register a passkey/);
  });

  test.each([
    ['no CBOR', 'AAAA'],
    ['CBOR that is cut off', 'o2NmbXQ'],
    ['CBOR that never ends', Buffer.alloc(200, 0x9f).toString('base64url')],
    ['CBOR of something else', 'gwECAw'],
    ['nothing', ''],
    ['no base64url', '§$%'],
  ])('is not registered with an attestation of %s', async (_, attestationObject) => {
    const { body: options } = await okoye.send('POST', '/v1/me/passkeys/challenge');
    const made = new SoftwareAuthenticator(ORIGIN).create(options);
    const credential = { ...made, response: { ...made.response, attestationObject } };
    const before = await stored(api);
    const answer = await okoye.send('POST', '/v1/me/passkeys', { name: 'Another', credential });
    expect(answer.status, answer.text).toBe(422);
    expect(await stored(api)).toEqual(before);
  });

  test('is seen, and removed, by nobody else', async () => {
    const chen = await signedIn(api, `chen-${people}@example.com`, { now: Date.now() });
    expect((await chen.send('GET', '/v1/me/passkeys')).body.items).toEqual([]);
    const remove = () => chen.send('DELETE', `/v1/me/passkeys/${okoye.device.id}`);
    await refused(api, remove, 404, 'not-found', /you have no passkey/);
  });

  test('moves nowhere where it is already', async () => {
    const move = { as: 'administrator', body: { reason: 'a new name' } } as const;
    const act = () => api.send('POST', '/v1/passkeys/move', move);
    await refused(api, act, 409, 'wrong-state', /belong to http:\/\/localhost:7400 already/);
  });
});
