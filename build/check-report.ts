import { styleText } from 'node:util';
import type { CheckName } from './checks.ts';
import type { CheckResult } from './run-check.ts';

const REPORT_EVERY_MS = 30_000;
const running = new Map<CheckName, number>();
let ticker: NodeJS.Timeout | undefined;

/**
 * Shows that the check runs: on a terminal in a line that counts, elsewhere now and then.
 *
 * @returns to be called with the result; prints one line for it.
 */
export function watch(name: CheckName): (result: CheckResult) => void {
  running.set(name, Date.now());
  ticker ??= setInterval(showRunning, process.stdout.isTTY ? 250 : REPORT_EVERY_MS);
  return (result) => {
    running.delete(name);
    if (running.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
    }
    clearLine();
    process.stdout.write(`${describe(result)}\n`);
    for (const line of vitestSummary(result)) process.stdout.write(`    ${line}\n`);
  };
}

/** Prints everything that a failed check said. */
export function printFailure(result: CheckResult): void {
  const title = `── ${result.name}: ${result.what} `.padEnd(80, '─');
  process.stdout.write(`\n${paint('red', title)}\n${result.output.trim()}\n\n`);
}

/** Prints a line for each check. */
export function printTable(results: readonly CheckResult[]): void {
  process.stdout.write('\n');
  for (const result of results) process.stdout.write(`${describe(result)}\n`);
  const warnings = results.filter(
    ({ failed, output }) => failed === 0 && /^warning:/m.test(output),
  );
  for (const { output } of warnings) process.stdout.write(`\n${paint('yellow', output)}\n`);
  process.stdout.write('\n');
}

/** The last line of all, for people and machines. */
export function summaryLine(results: readonly CheckResult[]): string {
  const sum = (key: 'passed' | 'failed') => results.reduce((total, each) => total + each[key], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed`;
}

function describe({ name, what, passed, failed, skipped, milliseconds }: CheckResult): string {
  const mark = failed > 0 ? paint('red', '✗') : paint('green', '✓');
  const counts = passed + failed > 1 ? ` ${passed} passed, ${failed} failed` : '';
  const skips = skipped > 0 ? `, ${skipped} skipped` : '';
  const seconds = `${(milliseconds / 1000).toFixed(1)} s`;
  return `${mark} ${name.padEnd(12)} ${what.padEnd(34)} ${seconds.padStart(8)} ${counts}${skips}`.trimEnd();
}

function vitestSummary({ output }: CheckResult): string[] {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.filter((line) =>
    /^(Test Files|Tests|Errors|Duration) /.test(line.replaceAll(COLOURS, '').trim()),
  );
}

/** ANSI colour sequences. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

function showRunning(): void {
  const names = [...running].map(([name, since]) => {
    return `${name} ${Math.round((Date.now() - since) / 1000)} s`;
  });
  clearLine();
  process.stdout.write(`… ${names.join(', ')}${process.stdout.isTTY ? '' : '\n'}`);
}

function clearLine(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
}

function paint(colour: 'red' | 'green' | 'yellow', text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}
