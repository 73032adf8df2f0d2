import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { lapseFor, ROOT } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';

const folder = longLivedFolder();
/** What a process runs first, so that its clock is two years ahead of the server's. */
const AHEAD = `const now = Date.now;
Date.now = () => now() + ${730 * DAY};
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => new target(...(args.length === 0 ? [Date.now()] : args)),
});`;

let server: LapseServer;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  const ahead = join(folder, 'ahead.mjs');
  writeFileSync(ahead, AHEAD);
  const NODE_OPTIONS = `--import=${ahead}`;
  env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir, NODE_OPTIONS };
});
afterAll(async () => {
  await server?.end('SIGINT');
});

/** How long it is from now on until an instant, in whole days. */
const daysTo = (end: string) => Math.round((Date.parse(end) - Date.now()) / DAY);

test('durations count by the server, whatever the clock of whoever asks says', async () => {
  const lapse = lapseFor(env);
  const create = async (role: string, email: string) => {
    const args = ['--role', role, '--name', role, '--email', email, '--expires', 'P30D', '--json'];
    const { exitCode, stdout, stderr } = await lapse('token', 'create', ...args);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const ciso = await create('ciso', 'almeida@example.com');
  await create('dpo', 'haddad@example.com');
  expect(daysTo(ciso.expires_at)).toBe(30);

  const away = ['haddad@example.com', '--until', 'P14D', '--reason', 'on leave', '--json'];
  const made = await lapseFor({ ...env, LAPSE_TOKEN: ciso.token })('delegate', ...away);
  expect(made.exitCode, made.stderr).toBe(0);
  expect(daysTo(JSON.parse(made.stdout).until)).toBe(14);
  expect((await lapse('token', 'list')).stdout).not.toContain('over ');
});
