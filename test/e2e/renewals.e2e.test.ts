import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { type CommandResult, lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';
import { atTerminal } from './terminal.ts';

const folder = longLivedFolder();
let server: LapseServer;
let env: NodeJS.ProcessEnv;
let lapse: RunLapse;
let id: string;
const approvers: RunLapse[] = [];

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  await server.moveClock('2026-01-01T00:00:00Z');
  env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir };
  lapse = lapseFor(env);
  for (const role of ['security', 'domain-owner']) {
    const token = await lapse('token', 'create', '--role', role, '--name', `The ${role}`);
    approvers.push(lapseFor({ ...env, LAPSE_TOKEN: token.stdout.trim() }));
  }
  id = JSON.parse(done(await lapse('new', ...REQUEST, '--submit', '--json'))).exception_id;
  for (const approver of approvers)
    done(await approver('approve', id, '--reason', 'controls reviewed with the team'));
  done(await lapse('activate', id));
  await server.moveClock('2026-01-20T00:00:00Z');
});
afterAll(async () => {
  await server?.end('SIGINT');
});

const REQUEST = [
  ...['--title', 'Old TLS towards the customs gateway', '--category', 'network'],
  ...['--policy-ref', 'policy#tls', '--adr-id', 'ADR-0001', '--requestor', 'A. Rivera'],
  ...['--environment', 'prod', '--data-classification', 'internal', '--stride', 'I'],
  ...['--threat-model-link', 'threats#tls', '--likelihood', 'Low', '--impact', 'Low'],
  ...['--compensating-control', 'A tunnel', '--dashboard', 'SLO', '--plan', 'A new gateway'],
  ...['--effective-from', '2026-01-01', '--requested-duration', 'P30D'],
  ...['--owner', 'A. Rivera <arivera@example.com>', '--expiry-actions', 'It is cut off'],
  ...['--criterion', 'The new gateway is live', '--service', 'customs'],
  ...['--justification', 'The gateway of customs speaks TLS 1.0 alone'],
];

function done({ exitCode, stdout, stderr }: CommandResult): string {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

test('without a terminal a renewal says what it needs, and stores nothing', async () => {
  const refused = await lapse('renew', id, '--likelihood', 'Low');
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  expect(refused.stderr).toMatch(/--justification.*required/);
  expect(refused.stderr).toMatch(/--impact.*required/);
  expect(refused.stderr).toMatch(/--risk-review.*required/);
  expect(refused.stderr).not.toMatch(/--likelihood/);
});

test('the old justification is refused', async () => {
  const again = ['--justification', 'the gateway of customs speaks TLS 1.0, alone!'];
  const fresh = ['--likelihood', 'Low', '--impact', 'Low', '--risk-review', 'unchanged'];
  const refused = await lapse('renew', id, ...again, ...fresh);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain('what has changed since');
});

test('a new record for the same is told what to renew', async () => {
  const refused = await lapse('new', ...REQUEST, '--title', 'Something new', '--submit');
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain(`lapse renew ${id}`);
});

test('at a terminal it asks for what is missing', async () => {
  const terminal = atTerminal({ env }, 'renew', id, '--impact', 'Medium', '--for', 'P60D');
  await terminal.until(/What has changed/);
  terminal.type('Customs replaces its gateway in March and told us in writing\r');
  await terminal.until(/Likelihood/);
  terminal.type('\r');
  await terminal.until(/fresh look at the risk/);
  terminal.type('The tunnel held; no finding since\r');
  const { exitCode, shown } = await terminal.ended;
  const plain = stripVTControlCharacters(shown);
  expect(exitCode, plain).toBe(0);
  expect(plain).not.toMatch(/Impact, as assessed/);

  const record = JSON.parse(done(await lapse('list', '--status', 'Draft', '--json'))).items[0];
  expect(plain).toContain(record.exception_id);

  expect(record).toMatchObject({
    renews: id,
    renewal_number: 1,
    likelihood: 'Low',
    impact: 'Medium',
    risk_review: 'The tunnel held; no finding since',
    requested_duration: 'P60D',
  });
});

test('what is permanent, or decided by executive leadership, is refused before its time', async () => {
  const documents = ['--business-case', 'a', '--memo', 'b', '--documented-in', 'c'];
  const said = ['--reason', 'no successor', '--risk-review', 'unchanged'];
  const refusals = [
    await lapse('make-permanent', id, ...said, ...documents),
    await lapse('complete-review', id, ...said),
    await approvers[0]?.('require-rearchitecture', id, '--reason', 'rebuilt by June, funded'),
  ];
  expect(refusals.map((refusal) => refusal?.exitCode)).toEqual([1, 1, 1]);
  expect(refusals[0]?.stderr).toContain('only after 3 renewals');
  expect(refusals[1]?.stderr).toContain('no yearly review');
  expect(refusals[2]?.stderr).toContain('more than 3 renewals');
});
