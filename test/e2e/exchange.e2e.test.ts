import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { lapseFor, ROOT } from './lapse-commands.ts';
import { startServer } from './lapse-server.ts';

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
});

test('a spreadsheet is previewed, mapped, imported, and exported in every form', async () => {
  const folder = temporaryFolder();
  const server = await startServer(join(folder, 'data'));
  onTestFinished(async () => {
    await server.end('SIGINT');
  });
  const lapse = lapseFor({ LAPSE_URL: server.url, LAPSE_DATA: server.dataDir });
  const waivers = join(folder, 'waivers.csv');
  writeFileSync(waivers, '\uFEFFWaiver;Team\r\nOld TLS;Payments\r\n=1+1;"Shop; other"\r\n');

  const unmapped = await lapse('import', waivers, '--preview');
  expect(unmapped.exitCode).toBe(1);
  expect(unmapped.stdout).toContain('1:1 the column "Waiver" is no field');
  expect(unmapped.stderr).toContain('an import would be refused: 2 problems');

  const columns = join(folder, 'columns.yaml');
  writeFileSync(columns, 'Waiver: title\nTeam:\n');
  const preview = await lapse('import', waivers, '--preview', '--map-file', columns, '--json');
  expect(preview.exitCode).toBe(0);
  expect(JSON.parse(preview.stdout).files[0].counts).toEqual({
    created: 2,
    unchanged: 0,
    problems: 0,
  });
  const imported = await lapse('import', waivers, '--map', 'Waiver=title', '--map', 'Team=');
  expect(imported).toMatchObject({ exitCode: 0 });

  for (const ending of ['csv', 'json', 'jsonl', 'md']) {
    const path = join(folder, `register.${ending}`);
    expect(await lapse('export', '--output', path)).toMatchObject({ exitCode: 0, stdout: '' });
    expect(readFileSync(path, 'utf8')).toContain('Old TLS');
    const printed = await lapse('export', 'TLS', '--format', ending);
    expect(printed.exitCode).toBe(0);
    expect(printed.stdout).toContain('Old TLS');
    expect(printed.stdout).not.toContain('1+1');
  }
  const again = await lapse('import', join(folder, 'register.csv'));
  expect(again.exitCode).toBe(1);
  expect(again.stderr).toContain('is a record of this register that no import has made');
});
