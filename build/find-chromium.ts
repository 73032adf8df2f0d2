import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * The browser for tests: one on the PATH, else one that playwright installed before, else one that
 * is installed now, by apt for root on Debian and Ubuntu, by playwright for everybody else.
 *
 * @param progress told what takes long, and every half minute for how long it has.
 * @returns the path of the program.
 * @throws when it can be neither found nor installed, with what the installer said.
 */
export async function findChromium(progress: (text: string) => void): Promise<string> {
  const found = findOnPath() ?? findOfPlaywright();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    await installByApt(progress);
    const installed = findOnPath();
    if (installed && (await runs(installed))) return installed;
    progress('The system has no Chromium package that runs here');
  }
  await installByPlaywright(progress);
  const installed = findOfPlaywright();
  if (installed) return installed;
  throw new Error(
    'Chromium was not found after its installation. Install it and put it on the PATH.',
  );
}

function findOnPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function findOfPlaywright(): string | undefined {
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : undefined;
}

/** Ubuntu's package is only a pointer to a snap, which containers cannot run. */
async function runs(path: string): Promise<boolean> {
  return (await execute(path, ['--version'])).code === 0;
}

async function installByApt(progress: (text: string) => void): Promise<void> {
  const stop = report('Installing Chromium with apt-get', progress);
  try {
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
      const { code, output } = await execute('apt-get', ['-q', ...args]);
      if (code !== 0) progress(`apt-get ${args[0]} failed: ${output.trim().split('\n').at(-1)}`);
    }
  } finally {
    stop();
  }
}

async function installByPlaywright(progress: (text: string) => void): Promise<void> {
  const root = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
  const stop = report('Downloading Chromium with playwright', progress);
  try {
    const script = join(root, 'cli.js');
    const { code, output } = await execute(process.execPath, [script, 'install', 'chromium']);
    if (code !== 0) {
      throw new Error(
        'Chromium could not be installed. Install it by the means of your system (on Debian, as ' +
          `root: apt-get install chromium), then run this again.\n${output.trim()}`,
      );
    }
  } finally {
    stop();
  }
}

function report(text: string, progress: (text: string) => void): () => void {
  const began = Date.now();
  progress(text);
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const timer = setInterval(() => progress(`${text}: ${seconds()} s`), 30_000);
  return () => clearInterval(timer);
}

function execute(program: string, args: string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = await findChromium((text) => process.stderr.write(`${text}\n`));
  process.stdout.write(`${path}\n`);
}
