import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Check, CheckName } from './checks.ts';

const ROOT = dirname(import.meta.dirname);

/** How a check went. A check without tests counts as one. */
export interface CheckResult {
  readonly name: CheckName;
  readonly what: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly milliseconds: number;
  readonly output: string;
}

/** Runs one check to its end; never throws for a failing one. */
export async function runCheck(check: Check): Promise<CheckResult> {
  const began = performance.now();
  const { output, ...counts } =
    typeof check.run === 'function' ? runFunction(check.run) : await runCommand(check, check.run);
  const milliseconds = performance.now() - began;
  return { name: check.name, what: check.what, milliseconds, output, ...counts };
}

type Counts = Pick<CheckResult, 'passed' | 'failed' | 'skipped' | 'output'>;

function runFunction(run: Extract<Check['run'], (...args: never) => unknown>): Counts {
  const { problems, warnings } = run();
  const output = [...problems, ...warnings.map((text) => `warning: ${text}`)].join('\n');
  const ok = problems.length === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, output };
}

async function runCommand(check: Check, [command, ...args]: readonly string[]): Promise<Counts> {
  if (!check.counted) {
    const { ok, output } = await run(command ?? '', args);
    return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, output };
  }
  const folder = mkdtempSync(join(tmpdir(), 'lapse-check-'));
  try {
    const file = join(folder, 'results.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const { ok, output } = await run(command ?? '', [...args, ...reporters]);
    return { ...countTests(file, ok), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A run that fails without a failed test (an error outside of any) counts as one failure. */
function countTests(file: string, ok: boolean): Omit<Counts, 'output'> {
  try {
    const counts = JSON.parse(readFileSync(file, 'utf8'));
    return {
      passed: counts.numPassedTests,
      failed: Math.max(counts.numFailedTests, ok ? 0 : 1),
      skipped: counts.numPendingTests + counts.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function run(command: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const bin = join(ROOT, 'node_modules', '.bin');
  const path = [dirname(process.execPath), bin, process.env.PATH].join(delimiter);
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}
