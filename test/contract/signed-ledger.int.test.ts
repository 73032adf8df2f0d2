import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/domain/access/actor.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import { canonicalJson } from '../../src/domain/ledger/canonical.ts';
import type { ApprovalSignature } from '../../src/domain/signature/approval-signature.ts';
import { exceptionStream, loadForUpdate } from '../../src/features/exceptions/exception-store.ts';
import { record } from '../../src/journal/journal.ts';
import { REASON } from '../support/given.ts';
import {
  putPolicy,
  request,
  SIGNED_POLICY,
  type SigningPerson,
  signedIn,
  verify,
} from '../support/signing-people.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

type Given = Extract<ExceptionEvent, { type: 'ApprovalGiven' }>['data'];
let okoye: SigningPerson;
let actor: Actor;
/** What a signed approval holds, of a record that nobody has forged. */
let given: Given & { readonly signature: ApprovalSignature };

beforeAll(async () => {
  await putPolicy(api, SIGNED_POLICY);
  okoye = await signedIn(api, 'okoye@example.com', { now: Date.now() });
  await okoye.register();
  ({ given, actor } = await signedRequest());
});

async function signedRequest() {
  const { exception_id: id } = await request(api);
  const answer = await okoye.sign(id);
  expect(answer.status, answer.text).toBe(200);
  const { body } = await api.send('GET', `/v1/exceptions/${id}/history`, { as: 'auditor' });
  const event = body.items.find(({ type }: { type: string }) => type === 'ApprovalGiven');
  return { id, given: event.data, actor: event.actor };
}

/** Writes an approval as a server could that does not keep to the rules: the ledger itself is whole. */
async function forge(data: (id: string) => object, by = actor): Promise<string> {
  const { exception_id: id } = await request(api);
  await api.register.db.inTenant(
    { tenantId: api.tenantId, clearance: 'confidential' },
    async (tx) => {
      const before = await loadForUpdate(tx, api.tenantId, id);
      if (!before) throw new Error('there is no such record');
      const events = [{ type: 'ApprovalGiven', data: data(id) } as ExceptionEvent];
      const at = before.state.updated_at;
      record(tx, exceptionStream, [
        { tenantId: api.tenantId, streamId: id, before, events, at, actor: by },
      ]);
    },
  );
  return id;
}

async function findingsOf(id: string) {
  const { findings } = await verify(api);
  return findings.filter(({ stream }) => stream === `exception:${id}`);
}

test('a signed approval verifies', async () => {
  expect(await verify(api)).toMatchObject({ ok: true });
});

test('an approval that a rogue server made up is found: nobody has signed it', async () => {
  const { signature: _, ...unsigned } = given;
  expect(await findingsOf(await forge(() => unsigned))).toEqual([
    expect.objectContaining({
      code: 'signature-missing',
      index: expect.any(Number),
      message: 'the approval by okoye is not signed, though rule signed asks for it',
    }),
  ]);
});

test('a signature of another record is found', async () => {
  const [found] = await findingsOf(await forge(() => given));
  expect(found).toMatchObject({ code: 'signature-mismatch' });
  expect(found?.message).toContain('exception_id is');
});

test('a statement that was made to fit is found: nobody has signed that', async () => {
  const { exception_id } = await request(api);
  const asked = (await okoye.challenge(exception_id)).body.statement;
  const id = await forge((exception_id) => {
    const statement = { ...asked, exception_id };
    return {
      ...given,
      reason: statement.reason,
      ends_by: statement.ends_at,
      signature: { ...given.signature, statement },
    };
  });
  const [found] = await findingsOf(id);
  expect(found?.message).toMatch(/asked_at is|another challenge than that of the statement/);
});

test('a signature by a key that nobody registered is found', async () => {
  const someone = { ...actor, id: 'per_01ARZ3NDEKTSV4RRFFQ69G5FAV' };
  const [found] = await findingsOf(await forge(() => given, someone));
  expect(found?.code).toBe('signature-mismatch');
});

type Part = keyof ApprovalSignature;

test.each<[Part | 'statement.reason']>([
  ['signature'],
  ['authenticator_data'],
  ['client_data'],
  ['nonce'],
  ['rp_id'],
  ['origin'],
  ['credential_id'],
  ['statement.reason'],
])('one byte of %s that is altered where it is stored is found', async (part) => {
  const { id, given: stored } = await signedRequest();
  const altered = structuredClone(stored);
  const holder = part === 'statement.reason' ? altered.signature.statement : altered.signature;
  const name = part === 'statement.reason' ? 'reason' : part;
  holder[name] = holder[name].replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A'));
  const change = async (to: object) =>
    api.admin.query(
      `UPDATE lapse.event_payloads SET payload = replace(payload, $2, $3) WHERE stream_id = $1`,
      [id, canonicalJson(stored === to ? altered : stored), canonicalJson(to)],
    );
  await change(altered);
  expect((await findingsOf(id)).map(({ code }) => code)).toContain('payload-mismatch');
  await change(stored);
  expect(await findingsOf(id)).toEqual([]);
});

test('what a removed passkey has signed stays good', async () => {
  const { id } = await signedRequest();
  await okoye.send('DELETE', `/v1/me/passkeys/${okoye.device.id}`);
  expect(await findingsOf(id)).toEqual([]);
  const after = {
    ...given,
    signature: { ...given.signature, signed_at: '2999-01-01T00:00:00.000Z' },
  };
  expect(REASON).toBe(given.reason);
  const [found] = await findingsOf(await forge(() => after));
  expect(found?.code).toBe('signature-mismatch');
});
