import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readWebhookSecret, webhookHeaders } from '../../src/connectors/webhook/sign-webhook.ts';
import { webhookConnector } from '../../src/connectors/webhook/webhook-connector.ts';
import type { CloudGrant } from '../../src/domain/enforcement/connector.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { START } from '../support/given.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ACCOUNT, asking, isSigned, orderFor, receiving, SECRET } from './webhook-receiver.ts';

const NEVER = new AbortController().signal;
const json = (content: unknown) => (_: unknown, response: { end(text: string): void }) =>
  response.end(JSON.stringify(content));

describe('an order', () => {
  test('is signed as Standard Webhooks has it, and says all that a receiver needs', async () => {
    const { url, orders } = await receiving(json({ outcome: 'done' }));
    const placed = { id: 'account-3', ours: true, endsAt: START, prior: { group: 'a' } };
    await asking(url).remove(orderFor({ placed }), NEVER);
    const [order] = orders;
    expect(order && isSigned(order)).toBe(true);
    expect(order?.headers['webhook-id']).toMatch(/^msg_[0-9a-f-]{36}$/);
    expect(order?.body).toEqual({
      operation: 'remove',
      tenant_id: '01J6M9M5Y0Q2H6W2QF9Q1VABCD',
      exception_id: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
      grant_id: 'GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCE-1',
      grant: ACCOUNT,
      ends_at: formatInstant(START + 10 * DAY),
      ticket_id: 'INC123456',
      requestor: 'rae@example.com',
      placed: { id: 'account-3', ours: true, ends_at: formatInstant(START), prior: { group: 'a' } },
    });
  });

  test('has the signature of the example that Standard Webhooks publishes', () => {
    const key = readWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    const body = '{"test": 2432232314}';
    expect(webhookHeaders(key, { id, at: 1_614_265_330_000, body })).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test.each([undefined, '', 'secret', 'whsec_c2hvcnQ=', `whsec_${'A'.repeat(200)}`])(
    'is not sent where the secret is %j',
    (secret) => {
      expect(() => readWebhookSecret(secret)).toThrow('24 to 64 random bytes in base64 would pass');
    },
  );
});

describe('an answer', () => {
  test.each([
    [{ outcome: 'done' }, { kind: 'done' }],
    [
      { outcome: 'done', placed: { id: 'x', ends_at: formatInstant(START), prior: 1 } },
      { kind: 'done', placed: { id: 'x', ours: true, endsAt: START, prior: 1 } },
    ],
    [
      { outcome: 'pending', retry_after_seconds: 30 },
      { kind: 'pending', retryAfter: 30_000 },
    ],
    [
      { outcome: 'throttled', retry_after_seconds: 2, message: 'slow' },
      { kind: 'throttled', retryAfter: 2_000, message: 'slow' },
    ],
    [
      { outcome: 'retry', message: 'busy' },
      { kind: 'retry', message: 'busy' },
    ],
    [
      { outcome: 'gone', message: 'no gateway' },
      { kind: 'gone', message: 'no gateway' },
    ],
  ])('%j to a call is %j', async (answer, outcome) => {
    const { url } = await receiving(json(answer));
    expect(await asking(url).apply(orderFor(), NEVER)).toEqual(outcome);
  });

  test.each([
    [{ seen: 'absent' }, { kind: 'absent' }],
    [
      { seen: 'present', placed: { id: 'x', ours: false } },
      { kind: 'present', placed: { id: 'x', ours: false } },
    ],
    [
      { seen: 'target-gone', message: 'm' },
      { kind: 'target-gone', message: 'm' },
    ],
    [
      { seen: 'throttled', retry_after_seconds: 1, message: 'm' },
      { kind: 'throttled', retryAfter: 1_000, message: 'm' },
    ],
  ])('%j to a look is %j', async (answer, observation) => {
    const { url } = await receiving(json(answer));
    expect(await asking(url).observe(orderFor(), NEVER)).toEqual(observation);
  });

  test.each([
    {},
    { seen: 'present' },
    { seen: 'gone' },
    { outcome: 'absent' },
    { outcome: 'pending' },
    { outcome: 'throttled', retry_after_seconds: -1, message: 'm' },
    { outcome: 'refused' },
    { outcome: 'done', placed: { id: 'a\u0000b' } },
    { outcome: 'done', placed: { id: 'x', prior: 'a\u0000b' } },
    { outcome: 'done', placed: { id: 'x', prior: 'y'.repeat(9_000) } },
    [],
    'absent',
  ])('%j is none, and nothing counts as gone by it', async (answer) => {
    const { url } = await receiving(json(answer));
    expect(await asking(url).apply(orderFor(), NEVER)).toMatchObject({ kind: 'unknown' });
    expect(await asking(url).observe(orderFor(), NEVER)).toMatchObject({ kind: 'undecided' });
  });

  test.each([
    [429, { 'retry-after': '7' }, { kind: 'throttled', retryAfter: 7_000 }, 'throttled'],
    [500, {}, { kind: 'retry' }, 'undecided'],
    [503, { 'retry-after': '9' }, { kind: 'retry', retryAfter: 9_000 }, 'undecided'],
    [401, {}, { kind: 'refused' }, 'undecided'],
    [404, {}, { kind: 'refused' }, 'undecided'],
    [302, { location: 'http://127.0.0.1:1/' }, { kind: 'refused' }, 'undecided'],
  ])('of status %i tells what came of it', async (status, headers, outcome, seen) => {
    const { url, orders } = await receiving((_, response) =>
      response.writeHead(status, headers).end('{"outcome":"done","seen":"absent"}'),
    );
    expect(await asking(url).remove(orderFor(), NEVER)).toMatchObject(outcome);
    expect((await asking(url).observe(orderFor(), NEVER)).kind).toBe(seen);
    expect(orders).toHaveLength(2);
  });

  test.each<[string, Parameters<typeof receiving>[0], string]>([
    ['is over 1 MB', (_, response) => response.end(' '.repeat(1_100_000)), 'more than 1 MB'],
    ['is no JSON', (_, response) => response.end('<html>'), 'did not answer with JSON'],
    ['breaks off', (_, response) => response.destroy(), 'could not be read'],
    ['does not come', () => {}, 'did not come whole within 0.2 s'],
  ])('that %s leaves open what came of it', async (_, answer, message) => {
    const { url } = await receiving(answer);
    const said = { message: expect.stringContaining(message) };
    const connector = asking(url, 200);
    expect(await connector.remove(orderFor(), NEVER)).toMatchObject({ kind: 'unknown', ...said });
    expect(await connector.observe(orderFor(), NEVER)).toMatchObject({
      kind: 'undecided',
      ...said,
    });
  });
});

test.each([
  ['https://127.0.0.1:9443/', 'an internal address (loopback)'],
  ['https://10.0.0.1/', 'an internal address (private)'],
  ['https://169.254.169.254/', 'not a public address (link-local)'],
  ['https://user:pass@example.com/', 'has credentials in it'],
  ['http://example.com/', 'over plain http'],
])('nothing is sent to %s', async (url, message) => {
  const key = readWebhookSecret(SECRET);
  const connector = webhookConnector({ url, key, kind: ACCOUNT.kind, rules: { listed: [] } });
  const said = { message: expect.stringContaining(message) };
  expect(await connector.apply(orderFor(), NEVER)).toMatchObject({ kind: 'refused', ...said });
  expect(await connector.observe(orderFor(), NEVER)).toMatchObject({ kind: 'undecided', ...said });
});

const listed = async (pages: AsyncIterable<CloudGrant>) => {
  const found: CloudGrant[] = [];
  for await (const grant of pages) found.push(grant);
  return found;
};

test('a list is read page by page, and one that is none breaks it off', async () => {
  const page = (subject: string, next?: string) => ({
    items: [{ grant: { ...ACCOUNT, subject }, placed: { id: subject }, marked_for: 'GRT_1' }],
    next,
  });
  const { url, orders } = await receiving(({ body }, response) =>
    response.end(JSON.stringify(body.after === 'p2' ? page('b') : page('a', 'p2'))),
  );
  const found = await listed(asking(url).list('gateway-7', NEVER));
  expect(found.map(({ spec }) => spec.subject)).toEqual(['a', 'b']);
  expect(found[0]).toMatchObject({ placed: { id: 'a', ours: true }, markedFor: 'GRT_1' });
  expect(orders.map(({ body }) => body)).toEqual([
    { operation: 'list', kind: 'vpn-account', scope: 'gateway-7' },
    { operation: 'list', kind: 'vpn-account', scope: 'gateway-7', after: 'p2' },
  ]);
  const broken = await receiving(json({ items: [{ grant: {} }] }));
  await expect(listed(asking(broken.url).list('x', NEVER))).rejects.toThrow('items.0.grant');
});

/** Runs the receiver of the guide as it is printed there. */
async function receiverOfGuide(): Promise<string> {
  const guide = readFileSync('docs/guide/webhook-connector.md', 'utf8');
  const file = join(temporaryFolder(), 'receiver.mjs');
  writeFileSync(file, /```js\n([\s\S]*?)```/.exec(guide)?.[1] ?? '');
  const env = { SECRET, PORT: '0' };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const [port] = await once(child.stdout, 'data');
  return `http://127.0.0.1:${String(port).trim()}/`;
}

test('the receiver of the guide puts in place, shows, lists and takes away, each as often as asked', async () => {
  const url = await receiverOfGuide();
  const connector = asking(url);
  const other = orderFor({ spec: { ...ACCOUNT, subject: 'sam@example.com' } });
  await connector.apply(other, NEVER);
  expect(await connector.observe(orderFor(), NEVER)).toEqual({ kind: 'absent' });
  for (const _ of [1, 2])
    expect(await connector.apply(orderFor(), NEVER)).toMatchObject({ kind: 'done' });
  expect(await connector.observe(orderFor(), NEVER)).toMatchObject({ kind: 'present' });
  expect(await listed(connector.list('gateway-7', NEVER))).toHaveLength(2);
  for (const _ of [1, 2])
    expect(await connector.remove(orderFor(), NEVER)).toMatchObject({ kind: 'done' });
  expect(await connector.observe(orderFor(), NEVER)).toEqual({ kind: 'absent' });
  expect(await connector.observe(other, NEVER)).toMatchObject({ kind: 'present' });
  const forged = await fetch(url, { method: 'POST', body: '{"operation":"list"}' });
  expect(forged.status).toBe(401);
});
