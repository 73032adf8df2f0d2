import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

// Runs every benchmark, one after another: two at once would measure each other. `--quick` takes
// smaller sizes; names choose among them: `npm run bench -- --quick due`.

const BENCHMARKS = [
  'create-and-submit',
  'due',
  'removals',
  'register',
  'export',
  'reports',
  'verify-ledger',
  'backup',
  'check-start',
];

const options = process.argv.slice(2);
const named = options.filter((option) => !option.startsWith('-'));
const unknown = named.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${BENCHMARKS.join(', ')}.`);
  process.exit(2);
}

const failed: string[] = [];
for (const name of BENCHMARKS.filter((name) => named.length === 0 || named.includes(name))) {
  const began = performance.now();
  const script = join(import.meta.dirname, `${name}.ts`);
  const flags = options.filter((option) => option.startsWith('-'));
  const child = spawn(process.execPath, [script, ...flags], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) failed.push(name);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`\n${name} took ${seconds} s\n${'-'.repeat(100)}\n`);
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
