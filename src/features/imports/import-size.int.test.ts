import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAX_FILE_BYTES } from './import-schemas.ts';
import { type Imports, openImports } from './imports.fixture.ts';

let imports: Imports;
let port: number;
beforeAll(async () => {
  imports = await openImports();
  await imports.app.listen({ host: '127.0.0.1', port: 0 });
  port = (imports.app.server.address() as AddressInfo).port;
});
afterAll(() => imports.close());

/** Sends a file over a real connection, piece by piece, and answers what comes back. */
async function upload(pieces: Iterable<string>, headers: Record<string, string | number> = {}) {
  const authorization = imports.tokenOf('requestor');
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sending = request(
      {
        port,
        method: 'POST',
        path: '/v1/imports',
        headers: { authorization, 'content-type': 'application/yaml', ...headers },
      },
      async (answer) => {
        const texts = await answer.setEncoding('utf8').toArray();
        resolve({ status: answer.statusCode ?? 0, body: texts.join('') });
      },
    );
    sending.on('error', reject);
    void (async () => {
      for (const piece of pieces) {
        if (!sending.write(piece)) await new Promise((drained) => sending.once('drain', drained));
      }
      sending.end();
    })();
  });
}

function* repeat(piece: string, count: number) {
  for (let i = 0; i < count; i += 1) yield piece;
}

const MB = 1024 * 1024;
const comments = `# ${'x'.repeat(MB - 3)}\n`;

it('a file of one byte more than 50 MB is refused, whether or not it says so', async () => {
  const pieces = () => [...repeat(comments, MAX_FILE_BYTES / MB), '#'];
  for (const headers of [{}, { 'content-length': MAX_FILE_BYTES + 1 }] as Record<
    string,
    number
  >[]) {
    const { status, body } = await upload(pieces(), headers);
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({
      code: 'too-large',
      detail: expect.stringContaining('52,428,800 bytes (50 MB)'),
    });
  }
});

it('a file of 50 MB is read', async () => {
  const record = 'title: At the end of much else\n';
  const last = `# ${'x'.repeat(MB - 3 - record.length)}\n${record}`;
  const { status, body } = await upload([...repeat(comments, MAX_FILE_BYTES / MB - 1), last]);
  expect([status, JSON.parse(body).created[0].line]).toEqual([201, MAX_FILE_BYTES / MB + 1]);
});

it('thousands of records are written', async () => {
  const plan = 'Replace the temporary keys, then add consumer tests. '.repeat(60);
  const records = Array.from(
    { length: 1_500 },
    (_, i) => `- title: R${i}\n  justification: ${plan}\n`,
  );
  const before = await imports.rows();
  const { status, body } = await upload(records);
  expect([status, JSON.parse(body).total]).toEqual([201, 1_500]);
  const after = await imports.rows();
  expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual(Array(5).fill(1_500));
});

it('a file that is cut off leaves nothing, and the server goes on', async () => {
  const before = await imports.rows();
  const authorization = imports.tokenOf('requestor');
  const headers = { authorization, 'content-type': 'application/yaml', 'content-length': 1_000 };
  const cut = request({ port, method: 'POST', path: '/v1/imports', headers });
  const gone = new Promise((done) => cut.once('error', done));
  cut.write('title: A\n', () => cut.destroy(new Error('cut off')));
  await gone;
  expect((await upload(['title: ', 'Whole\n'])).status).toBe(201);
  expect((await imports.rows())[3]).toBe((before[3] ?? 0) + 1);
});
