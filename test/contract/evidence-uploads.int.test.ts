import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draft } from '../support/api-records.ts';
import { createTestApi } from '../support/test-api.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const api = await createTestApi();
beforeAll(() => api.app.listen({ host: '127.0.0.1', port: 0 }));
afterAll(() => api.close());

const storedFiles = () =>
  readdirSync(join(api.dataDir, 'evidence'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile(),
  ).length;

const PIECE = 64 * 1024;
const HEAD =
  '--b\r\ncontent-disposition: form-data; name="file"; filename="long.log"\r\ncontent-type: text/plain\r\n\r\n';
const TAIL = '\r\n--b--\r\n';

/** A request over a connection of its own, which the test writes piece by piece. */
function uploading(id: string, length: number) {
  const { port } = api.app.server.address() as AddressInfo;
  return request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: `/v1/exceptions/${id}/evidence`,
    headers: {
      authorization: `Bearer ${api.tokens.requestor}`,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': length,
    },
  });
}

test('25 MB go through in little memory', async () => {
  const { exception_id: id } = await draft(api);
  const size = 25 * 1024 * 1024;
  const upload = uploading(id, HEAD.length + size + TAIL.length);
  const answered = once(upload, 'response');
  upload.write(HEAD);
  collect();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const piece = Buffer.alloc(PIECE, 'x');
  for (let sent = 0; sent < size; sent += PIECE) {
    if (!upload.write(piece)) await once(upload, 'drain');
    if (sent % (40 * PIECE) !== 0) continue;
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  upload.end(TAIL);
  const [response] = await answered;
  const { evidence_files: files } = JSON.parse(await text(response));
  expect(files).toMatchObject([{ size, type: 'text/plain', name: 'long.log' }]);
  expect(most).toBeLessThan(4 * 1024 * 1024);
});

test('one that is cut off in the middle leaves nothing', async () => {
  const record = await draft(api);
  const { exception_id: id } = record;
  const before = storedFiles();
  const connected = once(api.app.server, 'request');
  const upload = uploading(id, 1_000_000);
  upload.on('error', () => {});
  upload.write(HEAD);
  upload.write(Buffer.alloc(PIECE, 'y'));
  const [received] = await connected;
  const closed = new Promise((resolve) => received.once('close', resolve));
  upload.destroy();
  await closed;
  const after = await api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
  expect(after.body).toEqual(record);
  const { rows } = await api.admin.query('SELECT FROM lapse.stored_files WHERE kept_at IS NULL');
  expect(rows).toEqual([]);
  expect(storedFiles()).toBe(before);
});
