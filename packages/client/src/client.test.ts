import { expect, test } from 'vitest';
import {
  createLapseClient,
  dataOf,
  type LapseClientOptions,
  LapseProblem,
  LapseUnreachable,
  timedDataOf,
} from './index.ts';

type Answer = () => Response | Error;

function clientOf(answers: readonly Answer[] = [], options: Partial<LapseClientOptions> = {}) {
  const requests: Request[] = [];
  const client = createLapseClient({
    url: 'http://lapse.test/',
    token: 'lapse_1_secret',
    ...options,
    fetch: async (input, init) => {
      requests.push(new Request(input, init));
      const answer = answers[requests.length - 1]?.() ?? Response.json({});
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, requests };
}

function broken(code: string): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error('broken'), { code }) });
}

const path = { path: { id: 'EXC_1' } };

test('every request says who sends it, and only changes carry an idempotency key', async () => {
  const { client, requests } = clientOf();
  await client.GET('/v1/exceptions/{id}', { params: path });
  await client.POST('/v1/exceptions/{id}/submit', { params: path, body: {} });
  await client.send('/v1/imports', { method: 'POST', body: () => 'title: T' });
  expect(requests.map(({ url }) => url)).toEqual([
    'http://lapse.test/v1/exceptions/EXC_1',
    'http://lapse.test/v1/exceptions/EXC_1/submit',
    'http://lapse.test/v1/imports',
  ]);
  for (const { headers } of requests)
    expect(headers.get('authorization')).toMatch(/^Bearer lapse_/);
  const keys = requests.map(({ headers }) => headers.get('idempotency-key'));
  expect(keys).toEqual([null, expect.any(String), expect.any(String)]);
  expect(keys[1]).not.toBe(keys[2]);
});

test('a refusal is thrown with its code and its fields, their places in a file included', async () => {
  const errors = [{ path: 'title', message: 'is required', line: 3, column: 1 }];
  const body = {
    title: 'invalid record',
    status: 422,
    detail: 'not valid',
    code: 'invalid-record',
    errors,
  };
  const { client } = clientOf([
    () =>
      Response.json(body, { status: 422, headers: { 'content-type': 'application/problem+json' } }),
  ]);
  const refused = client.GET('/v1/exceptions/{id}', { params: path });
  await expect(refused).rejects.toBeInstanceOf(LapseProblem);
  await expect(refused).rejects.toMatchObject({
    status: 422,
    code: 'invalid-record',
    message: 'not valid',
    errors,
  });
});

test('an answer that is no problem document is a problem all the same', async () => {
  const { client } = clientOf([() => new Response('<h1>Bad gateway</h1>', { status: 502 })]);
  await expect(client.GET('/v1/tokens')).rejects.toMatchObject({ status: 502, code: 'unknown' });
});

test('a connection that breaks is tried once more, under the same key and with the same body', async () => {
  const { client, requests } = clientOf([() => broken('ECONNRESET')]);
  const answer = client.POST('/v1/exceptions/{id}/comments', { params: path, body: { body: 'x' } });
  await expect(dataOf(answer)).resolves.toEqual({});
  expect(requests).toHaveLength(2);
  const [first, second] = requests;
  expect(second?.headers.get('idempotency-key')).toBe(first?.headers.get('idempotency-key'));
  expect(await second?.text()).toBe('{"body":"x"}');
});

test('a server that refuses connections is not tried again', async () => {
  const { client, requests } = clientOf([() => broken('ECONNREFUSED')]);
  const failed = client.GET('/v1/tokens');
  await expect(failed).rejects.toBeInstanceOf(LapseUnreachable);
  await expect(failed).rejects.toMatchObject({ url: 'http://lapse.test', code: 'ECONNREFUSED' });
  expect(requests).toHaveLength(1);
});

test('a body that is streamed is opened anew for the second attempt', async () => {
  const { client, requests } = clientOf([() => broken('EPIPE')]);
  let opened = 0;
  await client.send('/v1/imports', {
    method: 'POST',
    body: () => {
      opened += 1;
      return new Blob(['title: T']).stream();
    },
  });
  expect(opened).toBe(2);
  expect(await requests[1]?.text()).toBe('title: T');
});

test('an answer is told with the time that the server gave it, or with none', async () => {
  const headers = { date: 'Sat, 07 Mar 2026 00:00:00 GMT' };
  const { client } = clientOf([
    () => Response.json({ status: 'Draft' }, { headers }),
    () => Response.json({ status: 'Draft' }),
  ]);
  const read = () => timedDataOf(client.GET('/v1/exceptions/{id}', { params: path }));
  expect(await read()).toEqual({ data: { status: 'Draft' }, now: Date.UTC(2026, 2, 7) });
  expect((await read()).now).toBeNaN();
});

test('a web page is no answer of Lapse', async () => {
  const page = () => new Response('<html>', { headers: { 'content-type': 'text/html' } });
  const { client } = clientOf([page, page]);
  const failed = 'http://lapse.test cannot be reached: a web page answers there, and not Lapse';
  await expect(client.GET('/v1/tokens')).rejects.toThrow(failed);
  await expect(client.send('/v1/exports/register.csv')).rejects.toThrow(failed);
});

test('a read that came too often is repeated when the server says so, twice at most', async () => {
  const tooMany = (after: string) => () =>
    Response.json(
      { code: 'too-many-requests', detail: 'too many' },
      { status: 429, headers: { 'retry-after': after } },
    );
  const waited: number[] = [];
  const wait = async (seconds: number) => {
    waited.push(seconds);
  };
  const patient = clientOf([tooMany('7'), tooMany('0')], { wait });
  await expect(dataOf(patient.client.GET('/v1/tokens'))).resolves.toEqual({});
  expect(waited).toEqual([7, 0]);

  const tired = clientOf([tooMany('1'), tooMany('1'), tooMany('1')], { wait });
  await expect(tired.client.send('/v1/exports/register.csv')).rejects.toMatchObject({
    status: 429,
  });
  expect(tired.requests).toHaveLength(3);

  for (const after of ['3600', 'Wed, 21 Oct 2026 07:28:00 GMT', '']) {
    const { client, requests } = clientOf([tooMany(after)], { wait });
    const refused = client.GET('/v1/tokens');
    await expect(refused).rejects.toMatchObject({ code: 'too-many-requests' });
    expect(requests).toHaveLength(1);
  }
});

test('a change that came too often is left to whoever sent it', async () => {
  const answer = () => Response.json({}, { status: 429, headers: { 'retry-after': '1' } });
  const { client, requests } = clientOf([answer], {
    wait: () => Promise.reject(new Error('nobody waits')),
  });
  const refused = client.POST('/v1/exceptions/{id}/submit', { params: path, body: {} });
  await expect(refused).rejects.toMatchObject({ status: 429 });
  expect(requests).toHaveLength(1);
});
