import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts';
import { exportRegister } from './export-register.ts';

let said = '';
beforeEach(() => {
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** A server that answers as it is told, for the command to go to. */
async function answering(listener: RequestListener): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  vi.stubEnv('LAPSE_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('LAPSE_TOKEN', 'lapse_x');
}

it('the filters go to the server, and the ending of the file tells the format', async () => {
  let asked = '';
  await answering((request, response) => {
    asked = request.url ?? '';
    response.end('# Register\n');
  });
  const path = join(temporaryFolder(), 'register.md');
  await exportRegister('oauth', {
    output: path,
    status: ['Active', 'Expired'],
    open: true,
    sort: '-title',
    expiresBefore: '2026-03-07',
  });
  expect(asked).toBe(
    '/v1/exports/register.md?status=Active&status=Expired&q=oauth&expires_before=2026-03-07T00%3A00%3A00.000Z&open=true&sort=-title',
  );
  expect(readFileSync(path, 'utf8')).toBe('# Register\n');
  expect(said).toBe(`${path}: 11 bytes written\n`);
});

it('a connection that breaks leaves what stood there, and is exit 3', async () => {
  await answering((_, response) => {
    response.write('exception_id,title\r\n', () => response.destroy());
  });
  const folder = temporaryFolder();
  const path = join(folder, 'register.csv');
  writeFileSync(path, 'as it was');
  await expect(exportRegister(undefined, { output: path })).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^the export broke off: /),
    next: `${path} was not written, and what stood there before is untouched: run it again`,
  });
  expect(readFileSync(path, 'utf8')).toBe('as it was');
  expect(readdirSync(folder)).toEqual(['register.csv']);
});

it.each([
  [{ format: 'xlsx' }, 'there is no export as xlsx'],
  [{ output: 'register.ods' }, 'there is no export as ods'],
])('%j is no form that there is', async (options, message) => {
  await expect(exportRegister(undefined, options)).rejects.toMatchObject({
    exitCode: 2,
    message,
    next: 'use --format with one of csv, json, jsonl, md; spreadsheets open csv',
  });
});
