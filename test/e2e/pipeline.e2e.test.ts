import { join } from 'node:path';
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { type HostileProvider, signed, startHostileProvider } from '../support/hostile-provider.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';

const folder = longLivedFolder();
let server: LapseServer;
let platform: HostileProvider;
let administrator: RunLapse;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  platform = await startHostileProvider('lapse');
  server = await startServer(join(folder, 'data'), undefined, {
    LAPSE_INSIDE_HOSTS: new URL(platform.issuer).host,
  });
  administrator = lapseFor({ LAPSE_URL: server.url, LAPSE_DATA: server.dataDir });
});
afterAll(async () => {
  await Promise.all([platform?.close(), server?.end('SIGINT')]);
});

/** A job of the platform's, with the token that it is given. */
async function job(claims: JWTPayload, env: NodeJS.ProcessEnv = {}): Promise<RunLapse> {
  const now = Math.floor(Date.now() / 1_000);
  const lived = { iss: platform.issuer, iat: now, exp: now + 300, ...claims };
  return lapseFor({ LAPSE_URL: server.url, LAPSE_TOKEN: await signed(lived, platform), ...env });
}

test('a pipeline opens a request and reads it, until it is bound no more', async () => {
  const added = await administrator(
    ...['workload', 'add', '--name', 'deploy', '--role', 'requestor', '--issuer', platform.issuer],
    ...['--claim', 'repository=acme/app', '--claim', 'ref=refs/heads/main', '--json'],
  );
  const { workload_id: id, audience: aud } = JSON.parse(added.stdout);
  const claims = { aud, sub: 'x', repository: 'acme/app', ref: 'refs/heads/main' };
  const lapse = await job(claims);
  const made = await lapse('new', '--title', 'Old TLS towards the gateway', '--json');
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  const { exception_id } = JSON.parse(made.stdout);
  expect((await lapse('history', exception_id)).stdout).toContain('deploy');

  const branch = await job({ ...claims, ref: 'refs/heads/other' });
  const refused = await branch('list');
  expect(refused.exitCode).toBe(3);
  expect(refused.stderr).toMatch(/^error: no workload here has the claims.*\nnext: /);

  expect(await administrator('workload', 'remove', id)).toMatchObject({ exitCode: 0 });
  expect((await lapse('list')).exitCode).toBe(3);
});

test('a platform that cannot choose the audience is told the tenant beside it', async () => {
  const audience = 'api://AzureADTokenExchange';
  await administrator(
    ...['workload', 'add', '--name', 'azure', '--role', 'auditor', '--issuer', platform.issuer],
    ...['--claim', 'sub=p://acme/app/deploy', '--audience', audience],
  );
  const headers = { authorization: `Bearer ${server.adminToken}` };
  const me = await (await fetch(`${server.url}/v1/me`, { headers })).json();
  const { tenant_org: tenant } = me as { tenant_org: string };
  const claims = { aud: audience, sub: 'p://acme/app/deploy' };
  const told = await job(claims, { LAPSE_TENANT: tenant });
  expect(await told('list')).toMatchObject({ exitCode: 0 });
  const untold = await job(claims);
  expect((await untold('list')).exitCode).toBe(3);
});
