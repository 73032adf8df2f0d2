import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findPinnedNode } from '../../bin/pinned-node.mjs';
import { launchChromium } from '../support/chromium.ts';
import { bundleCases } from './bundle-cases.ts';
import type { Results } from './case.ts';
import type { CaseInput } from './run-cases.ts';

/** What an engine gave, and what it says that it is. */
export interface EngineRun {
  readonly version: string;
  readonly results: Results;
}

/** A place where the domain has to run. */
export interface Engine {
  readonly name: string;
  /** What its version begins with. */
  readonly version: string;
  run(input: CaseInput): Promise<EngineRun>;
}

export const ENGINES: readonly Engine[] = [
  { name: 'Node 26', version: 'v26.', run: (input) => runInNode(process.execPath, input) },
  { name: 'Node 20', version: 'v20.', run: (input) => runInNode(oldestNode(), input) },
  { name: 'Chromium', version: 'Chromium/', run: runInChromium },
];

/** This folder is a workspace that has its own Node, older than that of the checkout. */
export function oldestNode(): string {
  const node = findPinnedNode(import.meta.dirname);
  if (node?.startsWith(import.meta.dirname)) return node;
  throw new Error(
    `Node 20 is not installed in ${import.meta.dirname}. It comes as a package for Linux with ` +
      'glibc on x64 and arm64: delete node_modules, and run this again.',
  );
}

const NODE_SCRIPT = `
  import { text } from 'node:stream/consumers';
  import { runCases } from './cases.mjs';
  const results = await runCases(JSON.parse(await text(process.stdin)));
  process.stdout.write(JSON.stringify({ version: process.version, results }));
`;

async function runInNode(node: string, input: CaseInput): Promise<EngineRun> {
  const folder = mkdtempSync(join(tmpdir(), 'lapse-engine-'));
  try {
    writeFileSync(join(folder, 'cases.mjs'), await bundleCases('node'));
    writeFileSync(join(folder, 'run.mjs'), NODE_SCRIPT);
    const child = spawn(node, [join(folder, 'run.mjs')]);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject).on('close', resolve);
    });
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    child.stdin.end(JSON.stringify(input));
    const [code, [answer, complaint]] = await Promise.all([ended, output]);
    if (code !== 0) throw new Error(`${node} ended with ${code}: ${complaint}`);
    return JSON.parse(answer);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** WebCrypto is there on secure origins alone; nothing listens at this one. */
const ORIGIN = 'https://lapse.test';
const PAGE_SCRIPT = `(async () => {
  const { runCases } = await import('/cases.js');
  const input = await (await fetch('/input.json')).json();
  return runCases(input);
})()`;

async function runInChromium(input: CaseInput): Promise<EngineRun> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const answers: Record<string, { contentType: string; body: string }> = {
      '/': { contentType: 'text/html', body: '<!doctype html><title>Lapse</title>' },
      '/cases.js': { contentType: 'text/javascript', body: await bundleCases('browser') },
      '/input.json': { contentType: 'application/json', body: JSON.stringify(input) },
    };
    await page.route('**/*', async (route) => {
      const { origin, pathname } = new URL(route.request().url());
      const answer = origin === ORIGIN ? answers[pathname] : undefined;
      await (answer ? route.fulfill(answer) : route.abort());
    });
    await page.goto(ORIGIN);
    const results: Results = await page.evaluate(PAGE_SCRIPT);
    return { version: `Chromium/${browser.version()}`, results };
  } finally {
    await browser.close();
  }
}
