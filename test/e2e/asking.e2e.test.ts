import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';
import { atTerminal, CTRL_C, type Terminal } from './terminal.ts';

const folder = longLivedFolder();
const PASSPHRASE = 'five words and then some more';
const ALL_BUT_A_FEW = [
  ...['--category', 'network', '--adr-id', 'ADR-0001', '--requestor', 'A. Rivera'],
  ...['--environment', 'prod', '--data-classification', 'internal', '--stride', 'I'],
  ...['--threat-model-link', 'threats#tls', '--likelihood', 'Low', '--impact', 'Low'],
  ...['--compensating-control', 'A tunnel', '--dashboard', 'SLO', '--alert', 'TLS'],
  ...['--plan', 'A new gateway', '--criterion', 'It is live', '--control', 'firewall'],
  ...['--justification', 'The gateway is old', '--service', 'customs'],
  ...['--owner', 'A. Rivera <arivera@example.com>', '--expiry-actions', 'It is cut off'],
];

let server: LapseServer;
let env: NodeJS.ProcessEnv;
let lapse: RunLapse;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir, TMPDIR: folder };
  lapse = lapseFor(env);
});
afterAll(async () => {
  await server?.end('SIGINT');
});

/** Waits for each text in turn, and types what answers it. */
async function answer(terminal: Terminal, ...answers: readonly [RegExp, string][]): Promise<void> {
  for (const [shown, typed] of answers) {
    await terminal.until(shown);
    terminal.type(typed);
  }
}

async function recordCount(): Promise<number> {
  return Number((await lapse('list', '--count')).stdout);
}

const inDays = (days: number) => formatInstant(Date.now() + days * DAY).slice(0, 10);

/** Takes back what was typed of an answer. */
const ANEW = '\u0015';

describe('a new record', () => {
  test('needs its title, is looked at answer by answer, and is not stored after Ctrl-C', async () => {
    const before = await recordCount();
    const terminal = atTerminal({ env }, 'new', ...ALL_BUT_A_FEW);
    await answer(
      terminal,
      [/What is the exception/, '\r'],
      [/This one is needed/, 'Old TLS\r'],
      [/Links to the rules/, 'policy#tls; two words\r'],
      [/policy_ref\.1 must be a URI/, CTRL_C],
    );
    const { exitCode, shown } = await terminal.ended;
    expect({ exitCode, shown }).toMatchObject({ exitCode: 130 });
    expect(shown).toContain('Cancelled; nothing was stored.');
    expect(await recordCount()).toBe(before);
  });

  test('that the server refuses is kept in a file, and can be sent once it is mended', async () => {
    const terminal = atTerminal({ env }, 'new', '--title', 'Old TLS', ...ALL_BUT_A_FEW);
    await answer(
      terminal,
      [/Links to the rules/, `two words\r`],
      [/policy_ref\.0 must be a URI/, `${ANEW}policy#tls;\r`],
      [/Start \(Enter: from approval\)/, `${inDays(6)}\r`],
      [/How long\? At most P14D/, `${inDays(3)}\r`],
      [/Ask for approval at once/, '\r'],
    );
    const { exitCode, shown } = await terminal.ended;
    expect({ exitCode, shown }).toMatchObject({ exitCode: 1 });
    expect(shown).toMatch(/must lie after effective_from/);
    expect(shown.match(/^next: /gm)).toHaveLength(1);
    expect(shown).not.toMatch(/^\s+at /m);
    const [, file = ''] = /lapse new --file\s+(\S+)/.exec(shown) ?? [];
    const kept = readFileSync(file, 'utf8');
    expect(kept).toContain('policy_ref:\n  - policy#tls\n');
    writeFileSync(file, kept.replace(inDays(3), inDays(9)));
    const sent = await lapse('new', '--file', file);
    expect(sent.exitCode, sent.stderr).toBe(0);
  });

  test('asks nothing where the server cannot be reached', async () => {
    const nowhere = { ...env, LAPSE_URL: 'http://127.0.0.1:9', LAPSE_TOKEN: 'lapse_x' };
    const { exitCode, shown } = await atTerminal({ env: nowhere }, 'new').ended;
    expect({ exitCode, shown }).toMatchObject({ exitCode: 3 });
    expect(shown).not.toContain('What is the exception');
    expect(shown).toMatch(/^next: start a server/m);
  });
});

describe('a passphrase', () => {
  const file = join(folder, 'asked.backup');

  test('is long enough, typed twice, and never shown', async () => {
    const terminal = atTerminal({ env }, 'backup', file);
    await answer(
      terminal,
      [/Passphrase for the backup/, 'short\r'],
      [/It has 5 of at least 12 characters/, `${PASSPHRASE}\r`],
      [/The same again/, `${PASSPHRASE}!\r`],
      [/That is not the same/, `${PASSPHRASE}\r`],
    );
    const { exitCode, shown } = await terminal.ended;
    expect({ exitCode, shown }).toMatchObject({ exitCode: 0 });
    expect(shown).not.toContain('five');
    expect(shown).not.toContain('short');
  });

  test('is asked for on a restore, and Ctrl-C leaves nothing', async () => {
    const LAPSE_DATA = join(folder, 'stopped');
    const stopped = atTerminal({ env: { ...env, LAPSE_DATA } }, 'restore', file);
    await answer(stopped, [/Passphrase of the backup/, `secret${CTRL_C}`]);
    const { exitCode, shown } = await stopped.ended;
    expect({ exitCode, shown }).toMatchObject({ exitCode: 130 });
    expect(shown).toContain('stopped before anything was done');
    expect(shown).not.toContain('secret');
    expect(existsSync(LAPSE_DATA)).toBe(false);

    const wrong = atTerminal({ env: { ...env, LAPSE_DATA } }, 'restore', file);
    await answer(wrong, [/Passphrase of the backup/, 'another passphrase\r']);
    expect(await wrong.ended).toMatchObject({
      exitCode: 1,
      shown: expect.stringContaining('next: repeat the command with the passphrase'),
    });
    expect(existsSync(LAPSE_DATA)).toBe(false);
  });

  test('of a backup that is stopped at it leaves nothing', async () => {
    const place = readdirSync(folder);
    const terminal = atTerminal({ env }, 'backup', join(folder, 'stopped.backup'));
    await answer(terminal, [/Passphrase for the backup/, `${PASSPHRASE}${CTRL_C}`]);
    expect(await terminal.ended).toMatchObject({ exitCode: 130 });
    expect(readdirSync(folder)).toEqual(place);
  });
});

test('a list that is watched shows what comes, says how much fits, and gives the screen back', async () => {
  const more = ['--title', 'One that comes meanwhile'];
  const records = Array.from({ length: 40 }, (_, at) => ({ title: `Number ${at}` }));
  const file = join(folder, 'many.jsonl');
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  expect(await lapse('import', file)).toMatchObject({ exitCode: 0 });
  const total = await recordCount();

  const watched = atTerminal({ env }, 'list', '--watch', '1');
  // Forty rows has the terminal, three of which are the table's head and the foot.
  await watched.until(new RegExp(`37 of ${total} exceptions, .*; every 1 s; Ctrl-C ends`));
  expect(await lapse('new', ...more)).toMatchObject({ exitCode: 0 });
  await watched.until(/One that comes meanwhile/);
  watched.type(CTRL_C);
  const { exitCode, shown } = await watched.ended;
  expect({ exitCode, shown }).toMatchObject({ exitCode: 0 });
  expect(shown.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
  expect(shown.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
});
