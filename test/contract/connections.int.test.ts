import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { draft } from '../support/api-records.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';

let api: TestApi;
let port: number;
beforeEach(async () => {
  api = await createTestApi();
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  port = (api.app.server.address() as AddressInfo).port;
});
afterEach(() => api.close());

/** An answer that came over a real connection. */
interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(method: string, path: string, body?: unknown, agent?: Agent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${api.tokens.requestor}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      'if-match': '"1"',
    };
    const sent = request(
      { host: '127.0.0.1', port, method, path, headers, agent },
      async (answer) => {
        let text = '';
        for await (const part of answer) text += part;
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Whatever comes back for bytes that need not be HTTP, until the server closes. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (part) => {
    text += part;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

const isRefused = async (): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
};

describe('a server that stops', () => {
  test('finishes what is under way, and takes nothing new', async () => {
    const { exception_id: id } = await draft(api);
    const holder = new pg.Client(api.register.admin);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM lapse.exceptions WHERE exception_id = $1 FOR UPDATE', [id]);
    const underWay = ask('PATCH', `/v1/exceptions/${id}`, { title: 'while stopping' });
    const waiting = async () => {
      const { rows } = await api.admin.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return rows.length;
    };
    await expect.poll(waiting).toBe(1);

    let stopped = false;
    const stopping = api.app.close().then(() => {
      stopped = true;
    });
    await expect.poll(isRefused).toBe(true);
    expect(stopped).toBe(false);

    await holder.query('COMMIT');
    await holder.end();
    const answer = await underWay;
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).title).toBe('while stopping');
    await stopping;
    const { rows } = await api.admin.query(
      'SELECT title FROM lapse.exceptions WHERE exception_id = $1',
      [id],
    );
    expect(rows).toEqual([{ title: 'while stopping' }]);
  });

  test('does not wait for connections on which nobody asks anything', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ask('GET', '/healthz', undefined, agent)).status).toBe(200);
    const idle = connect(port, '127.0.0.1');
    await once(idle, 'connect');
    const closed = once(idle, 'close');
    await api.app.close();
    await closed;
    agent.destroy();
  });
});

describe('a connection that breaks', () => {
  test('of the database, while it is used, ends one request and not the process', async () => {
    const { exception_id: id } = await draft(api);
    const holder = new pg.Client(api.register.admin);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM lapse.exceptions WHERE exception_id = $1 FOR UPDATE', [id]);
    const underWay = ask('PATCH', `/v1/exceptions/${id}`, { title: 'never' });
    const ended = async () => {
      const { rows } = await api.admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length;
    };
    await expect.poll(ended).toBe(1);
    const answer = await underWay;
    await holder.query('ROLLBACK');
    await holder.end();
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text).code).toBe('unavailable');
    expect(answer.headers['retry-after']).toBe('2');
    const again = await ask('PATCH', `/v1/exceptions/${id}`, { title: 'again' });
    expect(again.status).toBe(200);
  });

  test('of all idle ones at once, is mended by the next request', async () => {
    const { exception_id: id } = await draft(api);
    await Promise.all(Array.from({ length: 6 }, () => ask('GET', `/v1/exceptions/${id}`)));
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'lapse-%'`;
    expect((await api.admin.query(end)).rowCount).toBeGreaterThan(0);
    const answers = async () => (await ask('GET', `/v1/exceptions/${id}`)).status;
    await expect.poll(answers).toBe(200);
  });
});

describe('what is no request', () => {
  const problemIn = (text: string) => {
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    return { status: Number(head.split(' ')[1]), ...JSON.parse(body) };
  };

  test('is refused in the form of all refusals', async () => {
    expect(problemIn(await raw('nonsense\r\n\r\n'))).toMatchObject({
      status: 400,
      code: 'invalid-request',
      type: 'urn:lapse:problem:invalid-request',
    });
    const twoLengths =
      'POST /v1/exceptions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(problemIn(await raw(twoLengths))).toMatchObject({ status: 400 });
    const badHeader = 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\u0000b\r\n\r\n';
    expect(problemIn(await raw(badHeader))).toMatchObject({ status: 400 });
  });

  test('for its headers alone, says how large they may be', async () => {
    const text = await raw(
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Filler: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(problemIn(text)).toMatchObject({ status: 431, code: 'too-large' });
  });

  test('splits no answer: a line break in what is echoed stays in its text', async () => {
    const lines = 'Host: x\r\nConnection: close\r\nX-Request-Id: a%0d%0aset-cookie:b\r\n\r\n';
    const text = await raw(`GET /v1/%0d%0aset-cookie:b HTTP/1.1\r\n${lines}`);
    expect(text.split('\r\n\r\n')[0]?.toLowerCase()).not.toContain('set-cookie');
  });
});
