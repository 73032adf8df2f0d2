import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { COMPLETE } from '../support/given.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { lapseFor, ROOT } from './lapse-commands.ts';
import { startServer } from './lapse-server.ts';

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
});

const RULE = `
  - id: production
    source: our handbook, chapter 4
    match: {environment: [prod]}
    effects:
      approvals: [{role: dpo}]
      artifacts: [memo]
`;

test('a company takes the built-in pack, changes it, sees what that does, and puts it in force', async () => {
  const folder = temporaryFolder();
  const server = await startServer(join(folder, 'data'));
  onTestFinished(async () => {
    await server.end('SIGINT');
  });
  const lapse = lapseFor({ LAPSE_URL: server.url, LAPSE_DATA: server.dataDir });
  const pack = join(folder, 'policy.yaml');
  const record = join(folder, 'record.yaml');
  writeFileSync(record, JSON.stringify(COMPLETE));
  const made = await lapse('new', '--file', record, '--submit', '--json');
  const { exception_id: id } = JSON.parse(made.stdout);

  const shown = await lapse('policy', 'show');
  expect(shown.stdout).toContain(`$schema=${server.url}/schemas/policy-pack.json`);
  const offline = await lapse('policy', 'show', '--built-in');
  const withoutRemarks = (text: string) => text.replaceAll(/^#.*\n/gm, '');
  expect(withoutRemarks(offline.stdout)).toBe(withoutRemarks(shown.stdout));

  const withRule = (rule: string) => shown.stdout.replace('\ntemplates:', `${rule}templates:`);
  writeFileSync(pack, withRule(RULE.replace('memo', 'memorandum')));
  const wrong = await lapse('policy', 'check', pack);
  expect(wrong.exitCode).toBe(1);
  expect(wrong.stdout).toMatch(
    /policy\.yaml:\d+:19: error: rules\.production\.effects\.artifacts\.0/,
  );
  const refused = await lapse('policy', 'put', pack, '--yes');
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain('is no pack that could be put in force');

  writeFileSync(pack, withRule(RULE));
  expect(await lapse('policy', 'check', pack)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('nothing wrong in 1 pack of 1 file'),
  });
  const checked = (...args: string[]) => lapse('check', record, ...args);
  expect(await checked()).toMatchObject({ exitCode: 0 });
  const byPack = await checked('--policy', pack);
  expect(byPack.exitCode).toBe(1);
  expect(byPack.stdout).toMatch(/artifacts: must hold a risk acceptance memo .*rule production/);
  expect(byPack.stdout).toMatch(/\n {2}checked against \S+, sha256:[0-9a-f]{64}\n$/);
  const digest = /sha256:[0-9a-f]{64}/.exec(byPack.stdout)?.[0];
  const json = JSON.parse((await checked('--policy', pack, '--json')).stdout);
  expect(json).toMatchObject({ ok: false, policy_digest: digest });
  const sarif = JSON.parse((await checked('--policy', pack, '--format', 'sarif')).stdout);
  expect(sarif.runs[0].invocations[0].properties).toMatchObject({ policyDigest: digest });
  for (const [file, says] of [
    [record, 'is no pack that could be put in force'],
    [join(folder, 'missing.yaml'), 'missing.yaml cannot be read'],
  ] as const) {
    const unusable = await checked('--policy', file);
    expect(unusable).toMatchObject({ exitCode: 2, stdout: '' });
    expect(unusable.stderr).toContain(says);
  }
  expect(await lapse('check', '-', '--policy', '-')).toMatchObject({ exitCode: 2, stdout: '' });

  const told = ['needs dpo (rule production)', 'artifacts must hold a risk acceptance memo'];
  const compared = await lapse('policy', 'diff', pack);
  for (const line of [id, ...told, '1 of 1 request or open record'])
    expect(compared.stdout).toContain(line);
  const asked = await lapse('policy', 'put', pack);
  expect(asked.exitCode).toBe(2);
  const put = await lapse('policy', 'put', pack, '--yes');
  expect(put.exitCode, put.stderr).toBe(0);
  for (const line of told) expect(put.stderr).toContain(line);
  expect(put.stdout).toContain('is in force, as version 1');
  const { digest: inForce } = JSON.parse((await lapse('policy', 'show', '--json')).stdout);
  expect(inForce).toBe(digest);

  const explained = await lapse('policy', 'explain', id);
  expect(explained.stdout).toContain('dpo (rule production; our handbook, chapter 4)');
  const elsewhere = await lapse('policy', 'explain', record, '--policy', pack, '--json');
  const roles = JSON.parse(elsewhere.stdout).approvals.map(({ role }: { role: string }) => role);
  expect(roles).toContain('dpo');
  const after = await lapse('policy', 'show', '--json');
  expect(JSON.parse(after.stdout)).toMatchObject({ version: 1, built_in: false });
  expect((await lapse('show', id)).stdout).toMatch(/Decided by\s+policy pack sha256:[0-9a-f]{12}…/);
  expect(readFileSync(pack, 'utf8')).toContain('production');
});
