import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { s3Store } from '../../src/features/evidence/s3-store.ts';
import { isIntact } from '../../src/features/evidence/stored-digest.ts';
import { longLivedFolder } from '../e2e/long-lived-folder.ts';
import { draft, passed } from '../support/api-records.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { startBucket } from '../support/s3-server.ts';
import { form, PDF } from '../support/sample-files.ts';
import { createTestApi } from '../support/test-api.ts';
import { backUpApi, bucketEnvironment, createTarget } from './backup-lab.ts';

const folder = longLivedFolder();
const bucket = await startBucket();
const api = await createTestApi({ s3: bucket.place });
afterAll(async () => {
  await api.close();
  await bucket.end();
});

const digest = createHash('sha256').update(PDF).digest('hex');
const place = { tenantId: api.tenantId, digest };
const upload = async (content = PDF) => {
  const { exception_id: id } = await draft(api);
  const url = `/v1/exceptions/${id}/evidence`;
  return {
    url,
    answer: await api.send('POST', url, { as: 'requestor', ...form(content, 'a.pdf') }),
  };
};
const doctor = async () => {
  const { body } = await api.send('GET', '/v1/diagnosis', { as: 'administrator' });
  return body.checks.find(({ name }: { name: string }) => name === 'evidence files');
};

test('files go into the bucket and come back, and nothing lies in the data folder', async () => {
  const { url, answer } = await upload();
  passed(answer);
  expect((await api.send('GET', `${url}/${digest}`, { as: 'auditor' })).text).toBe(PDF.toString());
  expect(await isIntact(s3Store(bucket.place), place)).toBe(true);
  expect(existsSync(join(api.dataDir, 'evidence'))).toBe(false);
  expect(await doctor()).toMatchObject({
    state: 'ok',
    message: '1 are there; 1 were read, and are whole',
  });
});

test('a backup carries them into another bucket, and back into a folder', async () => {
  const path = join(folder, 'register.backup');
  expect(
    await backUpApi(api, path, undefined, { env: bucketEnvironment(bucket.place) }),
  ).toMatchObject({ lostFiles: [] });
  const other = await startBucket();
  const targets = [
    await createTarget(folder, bucketEnvironment(other.place)),
    await createTarget(folder),
  ];
  try {
    for (const target of targets) await target.restore(path);
    expect(await isIntact(s3Store(other.place), place)).toBe(true);
    const stored = join('evidence', api.tenantId, digest.slice(0, 2), digest);
    expect(targets.map(({ dataDir }) => existsSync(join(dataDir, stored)))).toEqual([false, true]);
  } finally {
    for (const target of targets) await target.drop();
    await other.end();
  }
});

test('a restore that fails takes away what it has put, and leaves what was there', async () => {
  const path = join(folder, 'stray.backup');
  await backUpApi(api, path, undefined, { env: bucketEnvironment(bucket.place) });
  const other = await startBucket();
  const stray = [{ name: 'stray.txt', note: 'no checkpoint' }];
  try {
    for (const [into, isThere] of [
      [other, false],
      [bucket, true],
    ] as const) {
      const target = await createTarget(folder, bucketEnvironment(into.place));
      await expect(target.restore(path, stray)).rejects.toThrow('is no checkpoint');
      expect(await isIntact(s3Store(into.place), place)).toBe(isThere);
      await target.drop();
    }
  } finally {
    await other.end();
  }
});

test('with a wrong key nothing is kept, and the doctor says why', async () => {
  const secretFile = join(folder, 'wrong');
  writeFileSync(secretFile, 'wrong');
  const credentials = { accessKeyId: 'S3RVER', secretFile };
  const locked = await createTestApi({ s3: { ...bucket.place, credentials } });
  try {
    const record = await draft(locked);
    const url = `/v1/exceptions/${record.exception_id}`;
    const sent = form(Buffer.concat([PDF, PDF]), 'a.pdf');
    const answer = await locked.send('POST', `${url}/evidence`, { as: 'requestor', ...sent });
    expectProblem(answer, 503, 'unavailable');
    expect(answer.body.detail).toContain('SignatureDoesNotMatch, 403');
    expect((await locked.send('GET', url, { as: 'requestor' })).body).toEqual(record);
    const { body } = await locked.send('GET', '/v1/diagnosis', { as: 'administrator' });
    expect(body.checks).toContainEqual(
      expect.objectContaining({
        ...{ name: 'evidence files', state: 'problem' },
        message: expect.stringContaining('could not be used'),
      }),
    );
  } finally {
    await locked.close();
  }
});
