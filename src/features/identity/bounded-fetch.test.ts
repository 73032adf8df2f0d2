import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AnswerTooLarge, boundedFetch, type FetchRules, LIMITS } from './bounded-fetch.ts';

/** A server on 127.0.0.1: its port, and what it was asked. */
async function serving(listener: RequestListener) {
  const asked: { method: string; url: string; body: string; type: string | undefined }[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const pieces = await Array.fromAsync(request as AsyncIterable<Buffer>);
    asked.push({ method, url, body: pieces.join(''), type: headers['content-type'] });
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

const fetching = (rules: Partial<FetchRules> = {}) =>
  boundedFetch({ ...LIMITS, listed: [], ...rules });
const at = (...addresses: string[]) => addresses.map((address) => ({ address, family: 4 }));

/** What stood in the way, of a request that `fetch` says has failed. */
async function whyNot(url: string, rules: Partial<FetchRules> = {}): Promise<string> {
  const failure = await fetching(rules)(url).catch((error: Error) => error);
  expect(failure).toMatchObject({ name: 'TypeError', message: 'fetch failed' });
  return String(((failure as Error).cause as Error).message);
}

describe('a provider that lies inside', () => {
  test.each([
    'https://127.0.0.1/x',
    'https://10.0.0.8/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.8]/x',
    'https://169.254.169.254/latest/meta-data',
    'http://2130706433/x',
    'http://0x7f.1/x',
  ])('is not asked by its address: %s', async (url) => {
    expect(await whyNot(url)).toMatch(/^leads to \S+, which is /);
  });

  test('is not asked by a name that leads there, even where another of its addresses does not', async () => {
    const { port, asked } = await serving((_, response) => response.end('{}'));
    const resolve = async () => at('93.184.215.14', '127.0.0.1');
    const url = `http://login.example.com:${port}/x`;
    expect(await whyNot(url, { resolve })).toBe(
      'leads to 127.0.0.1, which is an internal address (loopback)',
    );
    expect(asked).toEqual([]);
  });

  test('is asked where the operator has listed its host and port, and no other', async () => {
    const { port, asked } = await serving((_, response) => response.end('{"a":1}'));
    const listed = [{ host: 'login.corp.example', port }];
    const resolve = async () => at('127.0.0.1');
    const answer = await fetching({ listed, resolve })(`http://login.corp.example:${port}/x`);
    expect(await answer.json()).toEqual({ a: 1 });
    expect(await whyNot(`http://other.corp.example:${port}/`, { listed, resolve })).toContain(
      'internal',
    );
    expect(await whyNot('https://login.corp.example/', { listed, resolve })).toContain('internal');
    expect(asked).toHaveLength(1);
  });

  test('is not the metadata service of a cloud, listed or not', async () => {
    const listed = [{ host: 'login.corp.example', port: undefined }];
    const resolve = async () => at('169.254.169.254');
    const why = await whyNot('https://login.corp.example/', { listed, resolve });
    expect(why).toContain('169.254.169.254');
  });
});

test('a name that leads elsewhere the second time is asked for once: what was checked is connected to', async () => {
  const { port, asked } = await serving((_, response) => response.end('{}'));
  const listed = [{ host: 'rebound.example', port }];
  const answers = [at('127.0.0.1'), at('127.0.0.2')];
  let looked = 0;
  const resolve = async () => answers[looked++] ?? [];
  expect((await fetching({ listed, resolve })(`http://rebound.example:${port}/`)).status).toBe(200);
  expect([looked, asked.length]).toEqual([1, 1]);
});

describe('an answer', () => {
  const here = async (listener: RequestListener, rules: Partial<FetchRules> = {}) => {
    const { port, asked } = await serving(listener);
    const ask = fetching({ listed: [{ host: '127.0.0.1', port }], ...rules });
    return { ask, url: `http://127.0.0.1:${port}/x`, asked };
  };

  test('comes as fetch gives it, to a form that was posted', async () => {
    const { ask, url, asked } = await here((_, response) =>
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"b":2}'),
    );
    const body = new URLSearchParams({ code: 'a b' });
    const answer = await ask(url, { method: 'POST', body });
    expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([
      201,
      'application/json',
      { b: 2 },
    ]);
    const type = 'application/x-www-form-urlencoded;charset=UTF-8';
    expect(asked).toEqual([{ method: 'POST', url: '/x', body: 'code=a+b', type }]);
  });

  test('that leads elsewhere is not followed', async () => {
    const { ask, url, asked } = await here((_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
    );
    expect((await ask(url)).status).toBe(302);
    expect(asked).toHaveLength(1);
  });

  test('of more bytes than may be fails while it is read', async () => {
    const { ask, url } = await here((_, response) => response.end('x'.repeat(2_000)), {
      bytes: 1_000,
    });
    await expect((await ask(url)).text()).rejects.toBeInstanceOf(AnswerTooLarge);
  });

  test('that does not come, or not whole, is too late', async () => {
    const silent = await here(() => {}, { time: 50 });
    await expect(silent.ask(silent.url)).rejects.toMatchObject({ name: 'TimeoutError' });
    const halting = await here((_, response) => response.write('x'), { time: 200 });
    const answer = await halting.ask(halting.url);
    await expect(answer.text()).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('without a body is one', async () => {
    const { ask, url } = await here((_, response) => response.writeHead(204).end());
    expect((await ask(url)).status).toBe(204);
  });
});
