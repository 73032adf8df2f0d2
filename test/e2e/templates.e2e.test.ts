import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { bundle } from '../../build/bundle.ts';
import { BUILT_IN_TEMPLATES } from '../../src/domain/policy/built-in-templates.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';
import { atTerminal, type Terminal } from './terminal.ts';

const folder = longLivedFolder();
let server: LapseServer;
let env: NodeJS.ProcessEnv;
let lapse: RunLapse;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir };
  lapse = lapseFor(env);
});
afterAll(async () => {
  await server?.end('SIGINT');
});

/** What a request needs besides the template and its questions. */
const REST = [
  ...['--policy-ref', 'guide#ports', '--adr-id', 'ADR-0217', '--requestor', 'A. Rivera'],
  ...['--environment', 'prod', '--owner', 'B. Osei'],
  ...['--threat-model-link', 'threat-model#port', '--likelihood', 'Low', '--impact', 'Low'],
  ...['--alert', 'firewall.denied>baseline'],
];
const ASKED = [
  '--data-classification',
  'internal',
  '--plan',
  'The partner moves to the gateway',
  '--expiry-actions',
  'It is shut',
];

test('templates are listed with what each is for, whole at 80 columns', async () => {
  const { shown } = await atTerminal({ env }, 'policy', 'templates').ended;
  const lines = stripVTControlCharacters(shown).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^NAME +LASTS +FOR$/);
  expect(lines.slice(1).map((line) => line.split(/ {2,}/))).toEqual(
    BUILT_IN_TEMPLATES.map(({ name, summary, fields }) => [
      name,
      fields.requested_duration,
      summary,
    ]),
  );
});

test('without a terminal a draft is made, and what is still missing is said', async () => {
  const made = await lapse('new', '--template', 'firewall', '--title', 'Open port 8443', ...REST);
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  expect(made.stdout.slice(made.stdout.indexOf('Still missing'))).toBe(
    [
      'Still missing for a request',
      '  ○ --data-classification: public, internal, restricted or confidential',
      '  ○ --expiry-actions: The rule goes at the end: which traffic stops, and why is that fine?',
      '  ○ --plan: What makes the rule unnecessary, and by when?',
      '',
    ].join('\n'),
  );
  const id = made.stdout.split(' ')[0] ?? '';
  expect(JSON.parse((await lapse('show', id, '--json')).stdout)).toMatchObject({
    status: 'Draft',
    control: 'firewall',
    requested_duration: 'P7D',
    telemetry: { alerts: ['firewall.denied>baseline'] },
    remediation_plan: { closure_criteria: [{ text: 'The rule is gone from the firewall' }] },
  });
});

test('what is typed takes the place of what is proposed, and a whole request is sent', async () => {
  const options = ['--requested-duration', 'P2D', '--set', 'stride=T', '--submit', '--json'];
  const refused = await lapse(
    'new',
    '-t',
    'firewall',
    '--title',
    'Open port 8444',
    ...REST,
    '--submit',
  );
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  expect(refused.stderr).toContain('--expiry-actions: The rule goes at the end');
  const asked = ['new', '-t', 'firewall', '--title', 'Open port 8445', ...REST, ...ASKED];
  const made = await lapse(...asked, ...options);
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(made.stdout)).toMatchObject({
    status: 'Under-Review',
    stride: 'T',
    requested_duration: 'P2D',
    remediation_plan: {
      summary: 'The partner moves to the gateway',
      closure_criteria: [{ id: 'c1', text: 'The rule is gone from the firewall' }],
    },
  });
});

test('at a terminal only what the template leaves open is asked', async () => {
  const rest = ['--title', 'Logs for the night of the incident', ...REST];
  const terminal = atTerminal({ env }, 'new', '--template', 'cross-region-triage', ...rest);
  await answer(terminal, /Why is it needed/, 'The analysts sit in the other region');
  await answer(terminal, /Services that it touches/, '');
  await answer(terminal, /the data leave and reach/, 'us-east; eu-central');
  await answer(terminal, /Dashboards that watch it/, '');
  await answer(
    terminal,
    /What deletes the copy at the end/,
    'Its lifecycle rule; nothing reads it',
  );
  await answer(terminal, /Ask for approval at once/, 'y');
  const { shown, exitCode } = await terminal.ended;
  expect(exitCode).toBe(0);
  expect(shown).toContain('from the template cross-region-triage');
  expect(shown).toContain('User ids are pseudonymised');
  expect(shown).not.toContain('Compensating controls: what limits');
  expect(shown).not.toContain('Control that it suspends');
  const id = /EXC_\w{26}/.exec(shown)?.[0] ?? '';
  const { requirements } = JSON.parse((await lapse('show', id, '--json')).stdout);
  expect(requirements.map(({ role }: { role: string }) => role)).toEqual([
    'security',
    'domain-owner',
    'dpo',
  ]);
});

async function answer(terminal: Terminal, question: RegExp, typed: string): Promise<void> {
  await terminal.until(question);
  terminal.type(`${typed}\r`);
}

test("a company's own templates take the place of those that come with Lapse", async () => {
  const { pack } = JSON.parse((await lapse('policy', 'show', '--json')).stdout);
  const own = {
    name: 'pilot',
    summary: 'A trial of a tool',
    fields: { category: 'vendor', requested_duration: 'P91D' },
  };
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, stringify({ ...pack, templates: [own] }));
  const checked = await lapse('policy', 'check', path);
  expect(checked.exitCode).toBe(1);
  expect(checked.stdout).toMatch(
    /policy\.yaml:\d+:27: error: templates\.pilot\.fields\.requested_duration: is P91D, longer than the maximum of P90D/,
  );
  writeFileSync(path, stringify({ ...pack, templates: [own] }).replace('P91D', 'P30D'));
  expect(await lapse('policy', 'put', path, '--yes')).toMatchObject({ exitCode: 0 });
  expect((await lapse('policy', 'templates')).stdout).toMatch(
    /^NAME.*\npilot +P30D +A trial of a tool\n$/,
  );
  const unknown = await lapse('new', '--template', 'firewall', '--title', 'x');
  expect(unknown).toMatchObject({ exitCode: 2, stdout: '' });
  expect(unknown.stderr).toContain('no template firewall');
  expect(unknown.stderr).toContain('it has pilot');
});
