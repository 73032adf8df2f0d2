import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMAND_BODIES, draft, recordIn } from '../support/api-records.ts';
import { COMPLETE } from '../support/given.ts';
import { expectProblemShape } from '../support/problem-shape.ts';
import { createTestApi, type TestAnswer } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

/** Texts that have broken parsers, databases and clocks before, beside those that chance finds. */
const NASTY = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  'a\udfff',
  '💥'.repeat(200),
  'x'.repeat(9_000),
  "'); DROP TABLE lapse.events; --",
  '{{7*7}}%s%n',
  '../../etc/passwd',
  '%00%0d%0a',
  '\r\nset-cookie: a=b',
  '9999-12-31T23:59:59.999Z',
  '0000-00-00T00:00:00Z',
  '2025-02-30T00:00:00Z',
  '-infinity',
  'P9999999999Y',
  'PT0S',
  '1e309',
  'null',
  '__proto__',
  'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  'a@b',
  '\u202e\u200f\ufeff',
  'İıſK',
];
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.string({ maxLength: 50 }),
);
const number = fc.oneof(
  fc.constantFrom(0, -0, 1e308, -1, 2 ** 31, 2 ** 53, 2 ** 63, 1.5),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
}));

const FIELDS = [...Object.keys(COMPLETE), 'expires_at', 'requested_duration', 'grants', 'services'];
/** A record in which a few fields are anything; the rest would pass. */
const record = fc
  .record({
    base: fc.constantFrom(COMPLETE, { title: 'x' }),
    odd: fc.dictionary(
      fc.oneof(fc.constantFrom(...FIELDS, 'status', 'tenant_org'), text),
      anything,
      {
        maxKeys: 4,
      },
    ),
  })
  .map(({ base, odd }) => ({ ...base, ...odd }));

const PARAMETERS = [
  'status',
  'category',
  'control',
  'environment',
  'severity',
  'kind',
  'requestor',
  'owner',
  'service',
  'policy_ref',
  'q',
  'expires_before',
  'expires_after',
  'expiring_within',
  'overdue',
  'open',
  'sort',
  'limit',
  'cursor',
  'count',
];
const cursor = fc
  .tuple(fc.constantFrom('created_at', 'expires_at', 'updated_at', 'title'), anything, anything)
  .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'));
const query = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom(...PARAMETERS), text),
    fc.oneof(text, cursor, fc.nat().map(String)),
  ),
  { minLength: 1, maxLength: 4 },
);

/** Answered, or refused in the form that refusals have; never a failure. */
function expectSound(answer: TestAnswer): void {
  expect(answer.status, answer.text).toBeLessThan(500);
  if (answer.status >= 400) expectProblemShape(answer);
}

const runs = { numRuns: 300 };

describe('whatever is sent, nothing fails', () => {
  test('as a new record', async () => {
    await fc.assert(
      fc.asyncProperty(record, fc.boolean(), async (body, submit) => {
        expectSound(
          await api.send('POST', `/v1/exceptions?submit=${submit}`, { as: 'requestor', body }),
        );
      }),
      runs,
    );
  });

  test('as an edit', async () => {
    const drafted = await draft(api);
    const { exception_id: requested } = await recordIn(api, 'Under-Review');
    const { exception_id: active } = await recordIn(api, 'Active');
    const id = fc.constantFrom(drafted.exception_id, requested, active);
    await fc.assert(
      fc.asyncProperty(id, record, async (target, { title: _, ...body }) => {
        const url = `/v1/exceptions/${target}`;
        const { headers } = await api.send('GET', url, { as: 'requestor' });
        const ifMatch = { 'if-match': String(headers.etag) };
        expectSound(await api.send('PATCH', url, { as: 'requestor', body, headers: ifMatch }));
      }),
      runs,
    );
  });

  test('as the body of a command', async () => {
    const { exception_id: active } = await recordIn(api, 'Active');
    const name = fc.constantFrom(...Object.keys(COMMAND_BODIES));
    const keys = fc.constantFrom(
      ...Object.values(COMMAND_BODIES).flatMap((body) => Object.keys(body as object)),
    );
    const body = fc.oneof(anything, fc.dictionary(fc.oneof(keys, text), anything, { maxKeys: 4 }));
    await fc.assert(
      fc.asyncProperty(name, body, async (command, sent) => {
        const url = `/v1/exceptions/${active}/${command}`;
        expectSound(await api.send('POST', url, { as: 'approver', body: sent }));
      }),
      runs,
    );
  });

  test('as a token', async () => {
    const wanted = fc.dictionary(
      fc.oneof(fc.constantFrom('name', 'email', 'role', 'expires_at'), text),
      fc.oneof(anything, fc.constantFrom('auditor', 'a@b', '2026-12-01T00:00:00Z')),
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(wanted, async (body) => {
        expectSound(await api.send('POST', '/v1/tokens', { as: 'administrator', body }));
      }),
      runs,
    );
  });

  test('as bytes that claim to be JSON', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      anything.map((value) => Buffer.from(JSON.stringify(value).slice(1))),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (raw) => {
        expectSound(
          await api.send('POST', '/v1/exceptions', { as: 'requestor', raw: Buffer.from(raw) }),
        );
      }),
      runs,
    );
  });

  test('as a query', async () => {
    await fc.assert(
      fc.asyncProperty(query, async (pairs) => {
        const parameters = pairs.map((pair) =>
          pair.map((part) => encodeURIComponent(part.toWellFormed())).join('='),
        );
        expectSound(
          await api.send('GET', `/v1/exceptions?${parameters.join('&')}`, { as: 'auditor' }),
        );
      }),
      runs,
    );
  });

  test('as a part of a path', async () => {
    const paths = [
      '/v1/exceptions/*',
      '/v1/exceptions/*/history',
      '/v1/ledger/tile/*',
      '/v1/ledger/entries/*',
      '/v1/ledger/entries/*/proof',
      '/*',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), text, async (path, part) => {
        const url = path.replace('*', () => encodeURIComponent(part.toWellFormed()));
        expectSound(await api.send('GET', url, { as: 'auditor' }));
      }),
      runs,
    );
  });

  test('as headers that mean something', async () => {
    const { exception_id: id } = await draft(api);
    const name = fc.constantFrom(
      'if-match',
      'idempotency-key',
      'authorization',
      'x-request-id',
      'accept',
      'accept-version',
    );
    const value = fc.string({
      unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 80,
    });
    await fc.assert(
      fc.asyncProperty(name, value, async (header, sent) => {
        const request = {
          as: 'requestor',
          body: { body: 'x' },
          headers: { [header]: sent },
        } as const;
        expectSound(await api.send('POST', `/v1/exceptions/${id}/comments`, request));
      }),
      runs,
    );
  });
});
