import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { longLivedFolder } from '../e2e/long-lived-folder.ts';
import { draft, passed } from '../support/api-records.ts';
import { form, PDF } from '../support/sample-files.ts';
import { createTestApi } from '../support/test-api.ts';
import { backUpApi, createTarget } from './backup-lab.ts';

const folder = longLivedFolder();
const api = await createTestApi();
afterAll(() => api.close());

test('files that are gone or altered are named, left out, and missed by the restored server', async () => {
  const { exception_id: id } = await draft(api);
  const url = `/v1/exceptions/${id}/evidence`;
  const digests: string[] = [];
  for (const content of [PDF, Buffer.concat([PDF, PDF]), Buffer.concat([PDF, PDF, PDF])]) {
    const sent = form(content, 'scan.pdf');
    const record = passed(await api.send('POST', url, { as: 'requestor', ...sent }));
    digests.push((record.evidence_files as { digest: string }[]).at(-1)?.digest ?? '');
  }
  const [whole = '', gone = '', altered = ''] = digests;
  const pathOf = (digest: string) =>
    join(api.dataDir, 'evidence', api.tenantId, digest.slice(0, 2), digest);
  rmSync(pathOf(gone));
  const bytes = Buffer.concat([PDF, PDF, PDF]);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(pathOf(altered), bytes);

  const path = join(folder, 'register.backup');
  const { lostFiles } = await backUpApi(api, path);
  expect([...lostFiles].sort()).toEqual([gone, altered].sort());
  const { body } = await api.send('GET', '/v1/diagnosis', { as: 'administrator' });
  const check = body.checks.find(({ name }: { name: string }) => name === 'evidence files');
  expect(check).toMatchObject({ state: 'problem' });
  expect(check.message).toMatch(/^2 of 3 are gone or altered: /);

  const target = await createTarget(folder);
  try {
    await target.restore(path);
    const stored = readdirSync(join(target.dataDir, 'evidence'), { recursive: true });
    expect(
      stored.filter((name) => String(name).length > 64).map((name) => String(name).slice(-64)),
    ).toEqual([whole]);
  } finally {
    await target.drop();
  }
});

test('a restore that fails takes the files away again', async () => {
  const path = join(folder, 'stray.backup');
  await backUpApi(api, path);
  const target = await createTarget(folder);
  try {
    const stray = { name: 'stray.txt', note: 'no checkpoint' };
    await expect(target.restore(path, [stray])).rejects.toThrow('is no checkpoint');
    const evidence = join(target.dataDir, 'evidence');
    const left = existsSync(evidence)
      ? readdirSync(evidence, { recursive: true, withFileTypes: true }).filter((entry) =>
          entry.isFile(),
        )
      : [];
    expect(left).toEqual([]);
  } finally {
    await target.drop();
  }
});
