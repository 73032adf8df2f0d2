import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import S3Error from '@20minutes/s3rver/lib/models/error.js';
import type { S3Place } from '../../src/platform/config/s3-place.ts';
import { fastFolder } from './fast-folder.ts';

/** A bucket for a test. */
export interface TestBucket {
  readonly place: S3Place;
  end(): Promise<void>;
}

const BUCKET = 'evidence';

/** A bucket of any store, as `LAPSE_TEST_S3_…` names it; undefined where nothing does. */
export function givenBucket(env = process.env): S3Place | undefined {
  const { LAPSE_TEST_S3_BUCKET: bucket, LAPSE_TEST_S3_ENDPOINT: endpoint } = env;
  const accessKeyId = env.LAPSE_TEST_S3_ACCESS_KEY_ID ?? '';
  const secretFile = env.LAPSE_TEST_S3_SECRET_ACCESS_KEY_FILE ?? '';
  if (bucket === undefined) return undefined;
  const credentials = { accessKeyId, secretFile };
  const region = env.LAPSE_TEST_S3_REGION ?? 'us-east-1';
  return { bucket, prefix: 'lapse-test/', region, endpoint, isPathStyle: true, credentials };
}

/**
 * A bucket on a server that speaks S3 and checks signatures. It is an emulator and knows no conditional
 * writes: they are added to it here, and are left out with `overwrites`, as older stores do.
 */
export async function startBucket({ overwrites = false } = {}): Promise<TestBucket> {
  const folder = mkdtempSync(join(fastFolder(), 'lapse-s3-'));
  const emulator = new S3rver({
    silent: true,
    directory: join(folder, 'buckets'),
    configureBuckets: [{ name: BUCKET }],
  });
  await emulator.configureBuckets();
  const { store } = emulator;
  const put = store.putObject.bind(store);
  const isNew = new AsyncLocalStorage<boolean>();
  // Comes after the signature was checked, as the answer of a store does.
  store.putObject = async (object) => {
    if (isNew.getStore() && (await store.existsObject(object.bucket, object.key)))
      throw new S3Error('PreconditionFailed', 'there is an object already');
    return put(object);
  };
  const handle = emulator.callback();
  const server = createServer((request, response) => {
    const isConditional = request.headers['if-none-match'] === '*' && !overwrites;
    isNew.run(isConditional && request.method === 'PUT', () => handle(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, 'S3RVER\n', { mode: 0o600 });
  return {
    place: {
      bucket: BUCKET,
      prefix: 'lapse/',
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${port}`,
      isPathStyle: true,
      credentials: { accessKeyId: 'S3RVER', secretFile },
    },
    async end() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
