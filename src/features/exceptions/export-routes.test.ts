import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { Reach } from '../../platform/db/transaction.ts';
import { createServer } from '../../platform/http/server.ts';
import type { ExceptionAnswer } from './exception-schemas.ts';
import { addExportRoutes } from './export-routes.ts';
import type { RegisterSnapshot } from './register-export.ts';

type Batches = () => AsyncGenerator<readonly ExceptionAnswer[], void>;
type Limits = Parameters<typeof addExportRoutes>[2];

const RECORD = { exception_id: 'EXC_1', title: 'A' } as ExceptionAnswer;
const closings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

/** A server whose register is read from `batches`; counts the snapshots that are open. */
async function serve(batches: Batches, limits: Limits = {}) {
  const app = await createServer({
    logger: pino({ level: 'silent' }),
    // Paths stay as they are; a query is one without filters.
    validatorCompiler:
      ({ httpPart }) =>
      (value: unknown) => ({ value: httpPart === 'params' ? value : { sort: '-created_at' } }),
  });
  app.decorateRequest('principal', { getter: () => ({ tenantId: 'T' }) } as never);
  const open = { count: 0 };
  const register = async ({ tenantId }: Reach): Promise<RegisterSnapshot> => {
    open.count += 1;
    let isOpen = true;
    const close = async () => {
      if (isOpen) open.count -= 1;
      isOpen = false;
    };
    return { tenantId, now: 0, records: batches, close };
  };
  addExportRoutes(app, register, limits);
  closings.push(() => app.close());
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, open, get: (ending: string) => fetch(`${address}/exports/register.${ending}`) };
}

async function* endless(): AsyncGenerator<readonly ExceptionAnswer[], void> {
  for (;;) yield Array<ExceptionAnswer>(100).fill(RECORD);
}

describe.each(['csv', 'json', 'jsonl', 'md'])('an export as %s', (ending) => {
  it('that fails on the way breaks the connection, so that it does not look whole', async () => {
    const { open, get } = await serve(async function* () {
      yield [RECORD];
      // Beyond what is sent with the headers.
      yield Array<ExceptionAnswer>(1_000).fill(RECORD);
      throw new Error('the database went away');
    });
    const response = await get(ending);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(open.count).toBe(0);
  });
});

it('one that fails before anything was sent is answered as any failure', async () => {
  // biome-ignore lint/correctness/useYield: it fails before it could
  const { open, get } = await serve(async function* () {
    throw new Error('no');
  });
  expect((await get('jsonl')).status).toBe(500);
  expect(open.count).toBe(0);
});

it('one that takes too long is ended', async () => {
  const { open, get } = await serve(endless, { milliseconds: 50 });
  const response = await get('jsonl');
  await expect(response.text()).rejects.toThrow('terminated');
  expect(open.count).toBe(0);
});

it('waits for a client that takes nothing, and reads no further meanwhile', async () => {
  let read = 0;
  const { open, get } = await serve(async function* () {
    for await (const batch of endless()) {
      read += batch.length;
      yield batch;
    }
  });
  const response = await get('csv');
  const reader = response.body?.getReader();
  await reader?.read();
  let before = -1;
  // It stands still once the buffers on the way are full.
  while (read !== before) {
    before = read;
    for (let turn = 0; turn < 200; turn += 1) await new Promise((next) => setImmediate(next));
  }
  expect(read).toBeLessThan(200_000);
  await reader?.cancel();
  while (open.count > 0) await new Promise((next) => setImmediate(next));
});

it('no more than so many are written at once', async () => {
  const { get } = await serve(endless, { atOnce: 1 });
  const first = await get('csv');
  const second = await get('csv');
  expect(second.status).toBe(503);
  expect((await second.json()) as object).toMatchObject({
    detail: '1 exports are being written already; try again when one is done',
  });
  await first.body?.cancel();
});

it('a server that stops ends them', async () => {
  const { app, open, get } = await serve(endless);
  const response = await get('csv');
  const closed = app.close();
  await expect(response.text()).rejects.toThrow('terminated');
  await closed;
  expect(open.count).toBe(0);
});
