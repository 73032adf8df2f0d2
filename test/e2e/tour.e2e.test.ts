import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import type { Role } from '../../src/domain/access/actor.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';

const TEMPLATE = join(ROOT, 'test', 'documents', 'register-template.yaml');
const BEGIN = '2026-01-05T09:00:00.000Z';
/** Asked for until then, within 90 days of the approval. */
const ASKED_UNTIL = '2026-04-05T00:00:00.000Z';
/** What the CISO lets it have; the first reminder lies 30 days before it. */
const ENDS_AT = '2026-03-06T00:00:00.000Z';
const EXPIRING_AT = '2026-02-04T00:00:00.000Z';

// Before the hooks below: what is registered first is cleaned up last, after the server.
const folder = longLivedFolder();

let server: LapseServer;
let administrator: RunLapse;
let requestor: RunLapse;
let security: RunLapse;
let domainOwner: RunLapse;
let ciso: RunLapse;
let id: string;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  await server.moveClock(BEGIN);
  administrator = lapseFor({ LAPSE_URL: server.url, LAPSE_DATA: server.dataDir });
  // A token that may approve, of the very person who asks: what refuses it is not the role.
  requestor = await personWithToken('security', 'A. Rivera', 'arivera@example.com');
  security = await personWithToken('security', 'L. Okoye', 'okoye@example.com');
  domainOwner = await personWithToken('domain-owner', 'J. Chen', 'chen@example.com');
  ciso = await personWithToken('ciso', 'I. Almeida', 'almeida@example.com');
});

afterAll(async () => {
  await server?.end('SIGINT');
});

async function personWithToken(role: Role, name: string, email: string): Promise<RunLapse> {
  const created = await administrator(
    ...['token', 'create', '--role', role, '--name', name, '--email', email, '--json'],
  );
  expect(created).toMatchObject({ exitCode: 0 });
  return lapseFor({ LAPSE_URL: server.url, LAPSE_TOKEN: JSON.parse(created.stdout).token });
}

/** Runs a command that has to succeed, and reads what it answers. */
async function answerOf(run: RunLapse, ...args: string[]) {
  const result = await run(...args, '--json');
  expect(result, args.join(' ')).toMatchObject({ exitCode: 0 });
  return JSON.parse(result.stdout);
}

function theRecord() {
  return answerOf(administrator, 'show', id);
}

test('the template as it stands is refused: every problem with its place, and nothing stored', async () => {
  const { exitCode, stdout, stderr } = await administrator('import', TEMPLATE);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  const places = stderr.split('\n').filter((line) => line.startsWith('  '));
  expect(places.map((line) => line.replace(`  ${TEMPLATE}:`, '').split(': ')[0])).toEqual([
    '1:15',
    '7:13',
    '23:3',
    '26:13',
    '32:9',
  ]);
  expect(stderr).toContain('--assign');
  expect((await administrator('list', '--count')).stdout).toBe('0\n');
});

test('with --assign it becomes a draft whose claims are shown as unverified', async () => {
  const { files } = await answerOf(administrator, 'import', TEMPLATE, '--assign');
  id = files[0].created[0].exception_id;
  expect(await theRecord()).toMatchObject({
    status: 'Draft',
    approvals: [],
    claims: { status: 'Approved', approvals: [{ name: 'J. Chen' }, { name: 'L. Okoye' }] },
  });
  const { stdout } = await administrator('show', id);
  expect(stdout).toMatch(/Claims of the imported file \(unverified/);
});

test('it cannot be submitted before what is missing was added', async () => {
  const refused = await administrator('submit', id);
  expect(refused.exitCode).toBe(1);
  for (const field of ['owners', 'expiry_actions', 'remediation_plan.closure_criteria']) {
    expect(refused.stderr).toContain(`  ${field}: is required`);
  }
  await answerOf(
    administrator,
    ...['edit', id, '--owner', 'A. Rivera <arivera@example.com>, Integrations'],
    ...['--expires-at', ASKED_UNTIL.slice(0, 10)],
    ...['--expiry-actions', 'Keys are revoked; the webhook uses OAuth'],
    ...['--set', 'remediation_plan.closure_criteria.0=Every supplier uses OAuth2'],
  );
  expect(await answerOf(administrator, 'submit', id)).toMatchObject({ status: 'Under-Review' });
});

test('what is shown of the request says who has to approve, by which rule, and who can', async () => {
  const { stdout } = await administrator('show', id);
  expect(stdout).toContain(
    [
      '  ○ security has not approved (rule review)',
      '    can approve: L. Okoye',
      '  ○ domain-owner has not approved (rule review)',
      '    can approve: J. Chen',
      '  ○ ciso has not approved (rule high-severity)',
      '    can approve: I. Almeida',
    ].join('\n'),
  );
});

test('nobody approves what they asked for, nor without the role, nor twice', async () => {
  const reason = ['--reason', 'controls reviewed with the team'];
  const own = await requestor('approve', id, ...reason);
  expect(own.exitCode).toBe(1);
  expect(own.stderr).toContain('nobody approves what they requested or wrote');
  expect(await administrator('approve', id, ...reason)).toMatchObject({ exitCode: 1 });
  const unfit = await security('approve', id, ...reason, '--as', 'ciso');
  expect(unfit.exitCode).toBe(1);
  expect(unfit.stderr).toContain('it needs security, domain-owner, ciso');
  expect(await answerOf(security, 'approve', id, ...reason)).toMatchObject({
    status: 'Under-Review',
    approvals: [{ role: 'security', by: { name: 'L. Okoye' } }],
  });
  const again = await security('approve', id, ...reason);
  expect(again.exitCode).toBe(1);
  expect(again.stderr).toContain('one person fills one role');
});

test('the last approval that is needed approves it, until the end that an approver sets', async () => {
  const reason = ['--reason', 'controls reviewed with the team'];
  await answerOf(domainOwner, 'approve', id, ...reason);
  const { stdout } = await administrator('show', id);
  expect(stdout).toContain('✓ J. Chen as domain-owner');
  expect(stdout).toContain('○ ciso has not approved (rule high-severity)');
  const later = await ciso('approve', id, ...reason, '--until', '2026-05-01');
  expect(later.exitCode).toBe(1);
  expect(later.stderr).toContain('never lengthen');
  const until = ['--until', ENDS_AT.slice(0, 10)];
  expect(await answerOf(ciso, 'approve', id, ...reason, ...until)).toMatchObject({
    status: 'Approved',
    expires_at: ENDS_AT,
  });
});

test('it is in force from activation to its end, which time alone brings about', async () => {
  expect(await answerOf(administrator, 'activate', id)).toMatchObject({
    status: 'Active',
    in_force: true,
  });
  await server.moveClock('2026-02-03T12:00:00Z');
  expect(await theRecord()).toMatchObject({ status: 'Active', in_force: true });
  await server.moveClock(EXPIRING_AT);
  expect(await theRecord()).toMatchObject({ status: 'Expiring', in_force: true, overdue: false });
  await server.moveClock('2026-03-05T12:00:00Z');
  expect(await theRecord()).toMatchObject({ status: 'Expiring', in_force: true });
  await server.moveClock(ENDS_AT);
  expect(await theRecord()).toMatchObject({ status: 'Expired', in_force: false, overdue: true });
  expect((await administrator('list', '--overdue', '--count')).stdout).toBe('1\n');
  expect((await administrator('list', '--expiring-within', '90', '--count')).stdout).toBe('0\n');
});

test('closing takes evidence for each criterion', async () => {
  const refused = await administrator('close', id);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('Every supplier uses OAuth2');
  const link = 'https://git.example.com/pr/1234';
  expect(await answerOf(administrator, 'close', id, '--evidence', `c1=${link}`)).toMatchObject({
    status: 'Closed',
    closed: { reason: 'expired', evidence: [{ criterion: 'c1', link }] },
  });
  expect(await answerOf(administrator, 'archive', id)).toMatchObject({ status: 'Archived' });
});

test('the history has every step in its place in the ledger, and the ledger verifies', async () => {
  await server.settle();
  const { items } = await answerOf(administrator, 'history', id);
  expect(items.map(({ type }: { type: string }) => type)).toEqual([
    'ExceptionDrafted',
    'ExceptionEdited',
    'ExceptionSubmitted',
    'ApprovalGiven',
    'ApprovalGiven',
    'ApprovalGiven',
    'ExceptionApproved',
    'ControlsConfirmed',
    'ExceptionActivated',
    'ExceptionExpiring',
    'ExceptionExpired',
    'ExceptionClosed',
    'ExceptionArchived',
    // Links are not read in these tests.
    'EvidenceLinkNotReached',
    'EvidenceLinkNotReached',
  ]);
  const places = items.map(({ ledger_index }: { ledger_index: number }) => ledger_index);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places.every(Number.isInteger)).toBe(true);
  const receipt = await administrator('ledger', 'proof', String(places[0]));
  expect(receipt).toMatchObject({ exitCode: 0 });
  expect(receipt.stdout).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);
  const verified = await administrator('ledger', 'verify');
  expect(verified, verified.stderr).toMatchObject({ exitCode: 0 });
  expect(verified.stdout).toMatch(/^the ledger is whole: \d+ entries/);
});
