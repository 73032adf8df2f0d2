import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { type CommandResult, lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';

const folder = longLivedFolder();
let server: LapseServer;
let lapse: RunLapse;
let security: RunLapse;
let owner: RunLapse;

const REQUEST = [
  ...['--title', 'Direct access to the order database', '--category', 'data'],
  ...['--policy-ref', 'policy#data', '--requestor', 'A. Rivera', '--environment', 'prod'],
  ...['--data-classification', 'internal', '--stride', 'I', '--threat-model-link', 'threats#db'],
  ...['--likelihood', 'Low', '--impact', 'Low', '--compensating-control', 'All queries logged'],
  ...['--dashboard', 'SLO', '--plan', 'Repair the queue', '--effective-from', '2026-01-01'],
  ...['--owner', 'A. Rivera <arivera@example.com>', '--expiry-actions', 'Access is cut off'],
  ...['--criterion', 'The queue is repaired'],
];
const WHY = 'orders are lost every minute';

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  await server.moveClock('2026-01-01T08:00:00Z');
  const env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir, COLUMNS: '80' };
  lapse = lapseFor(env);
  const tokenOf = async (role: string) => {
    const made = await lapse('token', 'create', '--role', role, '--name', `The ${role}`);
    return lapseFor({ ...env, LAPSE_TOKEN: made.stdout.trim() });
  };
  security = await tokenOf('security');
  owner = await tokenOf('domain-owner');
});
afterAll(async () => {
  await server?.end('SIGINT');
});

function done({ exitCode, stdout, stderr }: CommandResult): string {
  expect(exitCode, stderr).toBe(0);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  return stdout;
}
const idIn = (text: string) => /EXC_\w+/.exec(text)?.[0] ?? '';

test('an emergency is in force under one approver, and shows loudly what it owes', async () => {
  const made = await lapse('new', ...REQUEST, '--service', 'orders', '--break-glass', WHY);
  const id = idIn(done(made));
  expect(made.stderr).toContain(`drafted ${id}`);
  const waiting = done(await security('approvals'));
  expect(waiting).toMatch(/security +break-glass .*(1 day|23 hours)/);
  done(await security('approve', id, '--reason', 'the loss is worse than that'));
  done(await lapse('activate', id));

  const shown = done(await lapse('show', id));
  expect(shown).toContain(`BREAK-GLASS: ${WHY}`);
  expect(shown).toContain('● Active, in force');
  expect(shown).toContain('Owed: the break-glass review');
  expect(shown).toMatch(/Due +2026-01-02 08:\d\d UTC, or it ends/);
  expect(shown).toContain(WHY);
  expect(shown).toContain('✓ The security as security');
  expect(shown).toContain('○ domain-owner has not approved');
  expect(shown).toContain('○ the decision record is lacking (adr_id)');
  expect(shown).toContain(`lapse approve ${id} --change break-glass`);

  expect(done(await owner('approvals'))).toMatch(/domain-owner +break-glass/);
  done(await owner('approve', id, '--change', 'break-glass', '--reason', 'it was rightly done so'));
  const named = done(await lapse('show', id));
  expect(named).toContain(`lapse edit ${id} --adr-id`);
  done(await lapse('edit', id, '--adr-id', 'ADR-0300'));
  const settled = done(await lapse('show', id));
  expect(settled).toContain('BREAK-GLASS');
  expect(settled).not.toContain('Owed');
  expect((await lapse('history', id)).stdout).toContain('Review settled');

  const extended = await lapse('renew', id, ...FRESH);
  expect(extended).toMatchObject({ exitCode: 1, stdout: '' });
  expect(extended.stderr).toContain('draft an ordinary request for the same');
});

const FRESH = [
  ...['--justification', 'the queue is still broken', '--likelihood', 'Low', '--impact', 'Low'],
  ...['--risk-review', 'unchanged'],
];

test('an emergency that is refused leaves its draft, and says why', async () => {
  const long = ['--service', 'billing', '--requested-duration', 'PT25H', '--break-glass', WHY];
  const refused = await lapse('new', ...REQUEST, ...long);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain('at most PT24H from approval');
  const id = idIn(refused.stderr);
  expect(done(await lapse('show', id))).toContain('Draft');
  expect(await lapse('submit', id, '--break-glass')).toMatchObject({ exitCode: 2 });
});

test('a risk that has risen owes a review, and ends without it', async () => {
  const ordinary = ['--service', 'shipping', '--adr-id', 'ADR-0001', '--submit'];
  const id = idIn(done(await lapse('new', ...REQUEST, ...ordinary)));
  for (const approver of [security, owner])
    done(await approver('approve', id, '--reason', 'the controls were looked at'));
  done(await lapse('activate', id));
  const said = ['--reason', 'the key is in a log', '--risk-review', 'anybody could use it'];
  expect((await lapse('reassess-risk', id, ...said)).stderr).toContain(
    'the record says so already',
  );
  const raised = done(await lapse('reassess-risk', id, '--impact', 'Critical', ...said));
  expect(raised).toContain('its review is owed by 2026-01-08');
  const shown = done(await lapse('show', id));
  expect(shown).toContain('Owed: the risk-change review');
  expect(shown).toMatch(/Its end, if settled +2026-04-01/);
  expect(done(await security('approvals'))).toMatch(/security +risk-change .*[67] days/);
  await server.moveClock('2026-01-09T00:00:00Z');
  const over = done(await lapse('show', id));
  expect(over).toContain('Expired');
  expect(over).toMatch(/Ended because +the risk-change review that was owed by\s+2026-01-08/);
});
