import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startBucket } from '../../../test/support/s3-server.ts';
import type { S3Place } from '../../platform/config/s3-place.ts';
import { s3Store } from './s3-store.ts';
import { isIntact } from './stored-digest.ts';

const bucket = await startBucket();
afterAll(() => bucket.end());

const digest = createHash('sha256').update('memo').digest('hex');
const at = { tenantId: 'T1', digest };
async function* pieces(text: string) {
  yield Buffer.from(text);
}
const memo = () => ({ size: 4, bytes: pieces('memo') });

/** Puts an object past the store, as whoever owns the bucket can. */
async function putPast(
  { bucket: Bucket, endpoint = '', credentials }: S3Place,
  Key: string,
  Body: string,
) {
  const accessKeyId = credentials?.accessKeyId ?? '';
  const client = new S3Client({
    ...{ region: 'us-east-1', endpoint, forcePathStyle: true },
    credentials: { accessKeyId, secretAccessKey: 'S3RVER' },
  });
  await client.send(new PutObjectCommand({ Bucket, Key, Body }));
}

test('an object that is not the file is never taken for it, and never written over', async () => {
  await putPast(bucket.place, `lapse/T1/${digest}`, 'nemo');
  const store = s3Store(bucket.place);
  expect(await isIntact(store, at)).toBe(false);
  await expect(store.put(at, memo())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`an object that is not the file lies at lapse/T1/${digest}`),
  });
  expect((await store.open(at))?.size).toBe(4);
});

test.each<[string, (place: S3Place) => S3Place, string]>([
  [
    'the wrong key',
    (place) => ({ ...place, credentials: { ...given(place), accessKeyId: 'AKIAWRONG' } }),
    'InvalidAccessKeyId, 403',
  ],
  [
    'the wrong secret',
    (place) => ({ ...place, credentials: wrongSecret(place) }),
    'SignatureDoesNotMatch, 403',
  ],
  [
    'a secret that is not there',
    (place) => ({ ...place, credentials: { ...given(place), secretFile: '/nowhere' } }),
    'ENOENT',
  ],
  ['no such bucket', (place) => ({ ...place, bucket: 'another' }), 'NoSuchBucket, 404'],
  ['nobody who listens', (place) => ({ ...place, endpoint: 'http://127.0.0.1:1' }), 'ECONNREFUSED'],
])('%s is told in words, and nothing of the secret', async (_, change, reason) => {
  const store = s3Store(change(bucket.place));
  const told = {
    code: 'unavailable',
    message: expect.stringContaining(`could not be used (${reason})`),
  };
  const place = { ...at, tenantId: 'T2' };
  await expect(store.put(place, memo())).rejects.toMatchObject(told);
  await expect(store.remove(place)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await store.findProblem()).toMatchObject({
    message: expect.stringContaining(reason),
    mend: expect.stringContaining('LAPSE_S3_BUCKET'),
  });
});

test('a store that overwrites is found out', async () => {
  const old = await startBucket({ overwrites: true });
  onTestFinished(() => old.end());
  expect(await s3Store(old.place).findProblem()).toMatchObject({
    message: expect.stringContaining('lets what is there be overwritten'),
  });
});

function given({ credentials }: S3Place) {
  if (!credentials) throw new Error('the bucket of the test has a key');
  return credentials;
}

function wrongSecret(place: S3Place) {
  const secretFile = `${given(place).secretFile}-wrong`;
  writeFileSync(secretFile, 'wrong\n');
  return { ...given(place), secretFile };
}
