import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { COMPLETE } from '../support/given.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type CommandResult, lapseFor, ROOT } from './lapse-commands.ts';
import { startServer } from './lapse-server.ts';

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
});

/** What people see; it fits 80 columns. */
function seen({ exitCode, stdout, stderr }: CommandResult): string {
  expect(exitCode, stderr).toBe(0);
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  return stdout;
}

test('somebody who goes on leave is acted for, and whoever acts is told of it', async () => {
  const folder = temporaryFolder();
  const server = await startServer(join(folder, 'data'));
  onTestFinished(async () => {
    await server.end('SIGINT');
  });
  const env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir, COLUMNS: '80' };
  const lapse = lapseFor(env);
  const as = async (role: string, name: string, email: string) => {
    const made = await lapse(
      ...['token', 'create', '--role', role, '--name', name, '--email', email, '--json'],
    );
    return lapseFor({ ...env, LAPSE_TOKEN: JSON.parse(made.stdout).token });
  };
  const ciso = await as('ciso', 'I. Almeida', 'almeida@example.com');
  const dpo = await as('dpo', 'M. Haddad', 'haddad@example.com');
  const record = join(folder, 'record.yaml');
  writeFileSync(record, JSON.stringify(COMPLETE));
  const { exception_id: id } = JSON.parse((await lapse('new', '--file', record, '--json')).stdout);

  const until = ['--until', 'P14D', '--reason', 'on leave'];
  const made = seen(await ciso('delegate', 'haddad@example.com', ...until));
  expect(made).toMatch(
    /^dlg_\w+ {2}active\n {2}M\. Haddad may approve as ciso for you\n {2}until .+ UTC\n/,
  );
  const circle = await dpo('delegate', 'almeida@example.com', ...until);
  expect(circle.exitCode).toBe(1);
  expect(circle.stderr).toContain('two people who act for each other are one pair of eyes');
  const self = await ciso('delegate', 'Almeida@example.com', ...until);
  expect(self.stderr).toContain('nobody delegates to oneself');

  const submitted = seen(await lapse('submit', id));
  expect(submitted).toMatch(/ciso: I\. Almeida \(away: M\. Haddad until \d{4}-\d\d-\d\d\)/);
  expect(submitted).toContain('security: nobody');
  expect(seen(await lapse('show', id))).toMatch(/can approve: I\. Almeida \(away: M\. Haddad/);
  expect(seen(await dpo('approvals'))).toMatch(/ciso +I\. Almeida/);
  expect((await ciso('approvals')).stderr).toContain('M. Haddad may decide for you until');
  expect(seen(await lapse('delegations'))).toMatch(/I\. Almeida +M\. Haddad +ciso +until /);

  const reason = ['--reason', 'Contained while it is watched'];
  seen(await dpo('approve', id, '--for', 'almeida@example.com', ...reason));
  expect(seen(await lapse('show', id))).toContain('M. Haddad for I. Almeida as ciso');
  expect(seen(await lapse('history', id))).toContain('on behalf of I. Almeida');
  const twice = await ciso('approve', id, ...reason);
  expect(twice.exitCode).toBe(1);
  expect(twice.stderr).toContain('one person fills one role');

  const [delegation = ''] = made.split(' ');
  expect(seen(await dpo('delegations', 'end', delegation, '--reason', 'back early'))).toBe(
    'M. Haddad does not act for I. Almeida any more\n',
  );
  expect((await lapse('delegations')).stderr).toContain('nobody acts for anybody');
  expect(seen(await lapse('delegations', '--all'))).toMatch(/ended \d{4}-\d\d-\d\d/);
  const json = JSON.parse((await lapse('delegations', '--all', '--json')).stdout);
  expect(json.items).toMatchObject([{ state: 'ended', ended: { reason: 'back early' } }]);
});
