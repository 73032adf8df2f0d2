import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { type CommandResult, lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';
import { atTerminal } from './terminal.ts';

const SCOPE = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/shop';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const PERSON = 'aaaaaaaa-2222-4333-8444-555555555555';

const folder = longLivedFolder();
let server: LapseServer;
let env: NodeJS.ProcessEnv;
let lapse: RunLapse;
let platform: RunLapse;
let id: string;
let grantId: string;
const approvers: RunLapse[] = [];

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  await server.moveClock('2026-01-01T00:00:00Z');
  env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir };
  lapse = lapseFor(env);
  for (const role of ['security', 'domain-owner']) approvers.push(await as(role));
  platform = await as('platform');
  id = JSON.parse(done(await lapse('new', ...REQUEST, '--submit', '--json'))).exception_id;
  grantId = `${id.replace('EXC', 'GRT')}-1`;
});
afterAll(async () => {
  await server?.end('SIGINT');
});

async function as(role: string): Promise<RunLapse> {
  const token = await lapse('token', 'create', '--role', role, '--name', `The ${role}`);
  return lapseFor({ ...env, LAPSE_TOKEN: token.stdout.trim() });
}

const REQUEST = [
  ...['--title', 'Reading the shop during the audit', '--category', 'authz'],
  ...['--policy-ref', 'policy#access', '--adr-id', 'ADR-0001', '--requestor', 'A. Rivera'],
  ...['--environment', 'prod', '--data-classification', 'internal', '--stride', 'E'],
  ...['--threat-model-link', 'threats#access', '--likelihood', 'Low', '--impact', 'Low'],
  ...['--compensating-control', 'Reads alone', '--dashboard', 'SLO', '--plan', 'A report'],
  ...['--effective-from', '2026-01-01', '--requested-duration', 'P5D'],
  ...['--owner', 'A. Rivera <arivera@example.com>', '--expiry-actions', 'It is taken away'],
  ...['--criterion', 'The audit is over', '--service', 'shop', '--ticket-id', 'SEC-17'],
  ...['--justification', 'The auditors read the shop for five days'],
  '--set',
  `grants=[{kind: role-assignment, target: ${SCOPE}, subject: ${PERSON}, permission: ${READER}}]`,
];

function done({ exitCode, stdout, stderr }: CommandResult): string {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

/** What a command shows at a terminal of 80 columns, which no line is wider than. */
async function shown(...args: string[]): Promise<string> {
  const { exitCode, shown: text } = await atTerminal({ env }, ...args).ended;
  const plain = stripVTControlCharacters(text);
  expect(exitCode, plain).toBe(0);
  for (const line of plain.split('\n')) {
    // Ids of the cloud, and commands, are copied whole.
    if (!/\/subscriptions\/|^ {2}lapse /.test(line))
      expect(line.length, line).toBeLessThanOrEqual(80);
  }
  return plain;
}

test('before anything is approved, a record says what it would give', async () => {
  const text = await shown('show', id);
  expect(text).toContain('Access that it gives');
  expect(text).toContain(`the role Reader (${READER})`);
  const none = await lapse('grants', id);
  expect(none).toMatchObject({ exitCode: 0, stdout: '' });
});

test('connections are put from a file, listed without their secrets, and removed', async () => {
  const file = join(folder, 'azure.yaml');
  const secretFile = join(folder, 'secret.txt');
  writeFileSync(secretFile, 'very-secret-value\n');
  const settings = `name: azure
connector: azure
mode: observe
directory_id: 99999999-2222-4333-8444-555555555555
credential: { kind: client-secret, client_id: 77777777-2222-4333-8444-555555555555 }
`;
  writeFileSync(file, settings);
  const put = await lapse('connection', 'put', file, '--secret-file', secretFile);
  expect(put.exitCode, put.stderr).toBe(0);
  expect(put.stdout).toContain('azure is in use');
  expect(await shown('connection', 'list')).toMatch(/azure .*observe/);
  const listed = done(await lapse('connection', 'list', '--json'));
  expect(listed).not.toContain('very-secret');
  // What is listed can be put again as it is.
  const [item] = JSON.parse(listed).items;
  writeFileSync(file, JSON.stringify(item));
  expect(await lapse('connection', 'put', file, '--json')).toMatchObject({ exitCode: 0 });

  writeFileSync(file, `${settings}secret: very-secret-value\n`);
  const told = await lapse('connection', 'put', file);
  expect(told).toMatchObject({ exitCode: 2, stdout: '' });
  expect(told.stderr).toMatch(/has a secret in it.*\nnext: .*--secret-file/);
  writeFileSync(file, settings.replace('observe', 'destroy'));
  const wrong = await lapse('connection', 'put', file);
  expect(wrong.exitCode).toBe(1);
  expect(wrong.stderr).toMatch(/mode/);
  expect(await platform('connection', 'list')).toMatchObject({ exitCode: 1 });

  expect(done(await lapse('connection', 'remove', 'azure').then(withoutRemarks))).toContain(
    'azure',
  );
  expect((await lapse('connection', 'list')).stderr).toContain('no cloud is connected');
});

const withoutRemarks = (result: CommandResult) => ({ ...result, stderr: '' });

test('in force: a table, one grant whole, and a plan', async () => {
  for (const approver of approvers)
    done(await approver('approve', id, '--reason', 'controls reviewed with the team'));
  done(await lapse('activate', id));
  await server.settle();
  const table = await shown('grants', id);
  expect(table).toContain(grantId);
  expect(table).toMatch(/not in place|for a person/);
  const one = await shown('grants', 'show', grantId);
  expect(one).toMatch(/Said by\s+what the record asks for/);
  expect(one).toMatch(/Connection\s+none reaches it/);
  expect(one).toMatch(/Next\s+asked of a person at 2026-01-06 00:0/);
  expect(await shown('show', id)).toContain(grantId);
  expect(JSON.parse(done(await lapse('grants', 'show', grantId, '--json')))).toEqual(
    JSON.parse(done(await lapse('grants', '--json', 'show', grantId))),
  );

  expect(await shown('grants', '--dry-run')).toMatch(/Would be asked of a person \(1\)/);
  const soon = JSON.parse((await lapse('grants', '--dry-run', '--within', 'P1D', '--json')).stdout);
  expect(soon).toMatchObject({ as_of: expect.stringMatching(/^2026-01-01T00:0/), steps: [] });
  const week = JSON.parse((await lapse('grants', id, '--dry-run', '--json')).stdout);
  expect(week.steps).toMatchObject([
    {
      grant_id: grantId,
      does: 'ask-a-person',
      connection: null,
      at: expect.stringMatching(/^2026-01-06T00:0/),
    },
  ]);
  expect(JSON.parse(done(await lapse('grants', '--status', 'removed', '--json'))).items).toEqual(
    [],
  );
});

test('what it gives is written for Terraform', async () => {
  const hcl = done(await lapse('render', 'terraform', id));
  expect(hcl).toContain(`scope              = "${SCOPE}"`);
  expect(hcl).toMatch(/# Ticket SEC-17\n/);
  expect(hcl).toMatch(/description .*Security exception EXC_.*\(SEC-17\), until 2026-01-06/);
  const { rendered } = JSON.parse(done(await lapse('render', 'terraform', id, '--json')));
  expect(rendered).toMatchObject([{ number: 1, type: 'azurerm_role_assignment', hcl }]);
  const grants = 'grants=[{kind: storage-ip-rule, target: /s/a, subject: 203.0.113.7}]';
  const draft = JSON.parse(done(await lapse('new', '--title', 'An IP', '--set', grants, '--json')));
  const refused = await lapse('render', 'terraform', draft.exception_id);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toMatch(
    /grant 1 is left out .*whole list of an account.*\nerror: nothing/,
  );
});

/** A plan with role assignments of these; what is unknown is `null`. */
function planOf(subjects: readonly (string | null)[]) {
  const resource_changes = subjects.map((principal_id, index) => ({
    address: `azurerm_role_assignment.a[${index}]`,
    ...{ mode: 'managed', type: 'azurerm_role_assignment', name: 'a' },
    change: {
      actions: ['create'],
      before: null,
      after: {
        scope: SCOPE,
        role_definition_name: 'Reader',
        ...(principal_id && { principal_id }),
      },
      after_unknown: principal_id === null ? { principal_id: true } : {},
    },
  }));
  return { format_version: '1.2', terraform_version: '1.11.4', resource_changes };
}

function writePlan(value: unknown): string {
  const file = join(folder, 'plan.json');
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  return file;
}

test('a plan passes with what is covered alone', async () => {
  const covered = await lapse('check', 'terraform-plan', writePlan(planOf([PERSON])));
  expect(covered).toMatchObject({ exitCode: 0, stderr: '' });
  expect(covered.stdout).toMatch(new RegExp(`plan.json:\\d+:\\d+: note: .*${id} covers it until`));

  const file = writePlan(planOf([PERSON, READER, null]));
  const mixed = await lapse('check', 'terraform-plan', file);
  expect(mixed.exitCode).toBe(1);
  expect(mixed.stdout).toMatch(/error: azurerm_role_assignment\.a\[1\]: gives the role Reader/);
  expect(mixed.stdout).toMatch(/a\[2\]: .*principal_id is known only after the apply/);
  expect(mixed.stdout).toContain('2 errors, 1 note in 3 changes of access of 1 file');
  const json = JSON.parse((await lapse('check', '--json', 'terraform-plan', file)).stdout);
  expect(json).toMatchObject({ ok: false, records: 3, errors: 2, notes: 1 });
  const sarif = await lapse('check', 'terraform-plan', file, '--format', 'sarif', '--quiet');
  expect(JSON.parse(sarif.stdout).runs[0].results).toMatchObject([
    { ruleId: 'access-uncovered' },
    { ruleId: 'access-unknown' },
  ]);
  const github = await lapse('check', 'terraform-plan', file, '--format', 'github');
  expect(github.stdout).toMatch(/^::notice .*\n::error .*title=lapse access-uncovered::/);
  const junit = await lapse('check', 'terraform-plan', file, '--format', 'junit');
  expect(junit).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('failures="2"') });
  const atScreen = await atTerminal({ env }, 'check', 'terraform-plan', file).ended;
  expect(atScreen.exitCode).toBe(1);

  // Without anything to ask about no register is needed.
  const nowhere = lapseFor({ LAPSE_URL: 'http://127.0.0.1:1', LAPSE_TOKEN: 'lapse_x' });
  expect(await nowhere('check', 'terraform-plan', writePlan(planOf([])))).toMatchObject({
    exitCode: 0,
  });
});

test('a plan that cannot be judged does not pass', async () => {
  const check = async (value: unknown, run: RunLapse = lapse) => {
    const { exitCode, stderr } = await run('check', 'terraform-plan', writePlan(value));
    expect(stderr).toMatch(/^error: .*\n(.*\n)*next: /);
    expect(stderr).not.toMatch(/at .*\.js:/);
    return exitCode;
  };
  const nowhere = lapseFor({ LAPSE_URL: 'http://127.0.0.1:1', LAPSE_TOKEN: 'lapse_x' });
  expect(await check(planOf([PERSON]), nowhere)).toBe(3);
  const token = await lapse(
    ...['token', 'create', '--role', 'auditor', '--name', 'CI', '--scope', 'exception:read'],
  );
  const scoped = lapseFor({ ...env, LAPSE_TOKEN: token.stdout.trim() });
  expect(await check(planOf([PERSON]), scoped)).toBe(3);
  expect(await check('not a plan')).toBe(2);
  expect(await check('title: a record')).toBe(2);
  expect(await check({ ...planOf([]), format_version: '0.2' })).toBe(2);
  expect(await check('['.repeat(5_000_000))).toBe(2);
  expect(await check({ ...planOf([PERSON]), errored: true })).toBe(3);
  expect(await check(`{"format_version":"1.2","x":"${'x'.repeat(50 * 1024 ** 2)}"}`)).toBe(3);
  const absent = await lapse('check', 'terraform-plan', join(folder, 'absent.json'));
  expect(absent).toMatchObject({ exitCode: 2, stdout: '' });
});

test('wrong usage says what would be right', async () => {
  const wrong = [
    await lapse('grants', '--within', 'P7D'),
    await lapse('grants', '--dry-run', '--within', 'a week'),
    await lapse('grants', '--status', 'gone'),
    await lapse('attest', id, '--statement', 'it is gone', '--link', 'https://example.com/1'),
    await lapse('attest', 'RMT_1', '--statement', 'it is gone'),
  ];
  expect(wrong.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 2, 2]);
  for (const { stderr } of wrong) expect(stderr).toMatch(/^error: .*\n(.*\n)*next: /);
  const unknown = await lapse('grants', 'show', 'GRT_1-1');
  expect(unknown.exitCode).toBe(1);
  expect(unknown.stderr).toContain('next: `lapse grants` shows what there is');
});

test('past its end it is overdue, is told about, and ends by the word of a person', async () => {
  await server.moveClock('2026-01-06T12:00:00Z');
  await server.moveClock('2026-01-08T00:00:00Z');
  expect(await shown('grants')).toMatch(/1 overdue/);
  expect(await shown('show', id)).toMatch(/overdue for 1 day/);
  const listed = JSON.parse(done(await lapse('removal-tasks', '--json')));
  const { task_id: task } = listed.items[0].removal_task;
  const tasks = await shown('removal-tasks');
  expect(tasks).toMatch(/overdue for 1 day/);
  expect(tasks).toMatch(/escalated to platform-lead/);
  expect(await shown('grants', 'show', grantId)).toContain(`lapse attest ${task}`);

  const words = ['--statement', 'The assignment is deleted, and the list of them is empty'];
  const link = ['--link', 'https://tickets.example.com/OPS-17'];
  const refused = await approvers[0]?.('attest', task, ...words, ...link);
  expect(refused?.exitCode).toBe(1);
  const attested = await platform('attest', task, ...words, ...link);
  expect(attested.exitCode, attested.stderr).toBe(0);
  const again = await platform('attest', task, ...words, ...link);
  expect(again.exitCode).toBe(1);
  expect(again.stderr).toContain('has ended');
  await server.settle();
  expect(await shown('grants', 'show', grantId)).toMatch(/Said by\s+The platform, by their word/);
  expect((await lapse('removal-tasks')).stderr).toContain('nothing waits');
  expect(await shown('removal-tasks', '--all')).toContain('attested');
  expect(JSON.parse(done(await lapse('show', id, '--json'))).status).toBe('Closed');
});
