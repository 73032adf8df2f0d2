import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../build/bundle.ts';
import { oldestNode } from '../test/engines/engines.ts';
import { COMPLETE } from '../test/support/given.ts';

// How long `lapse check` of one file takes beside a bare `node -e 0`, on the Node that is pinned and
// on the oldest that will do. The two are run in turn, so that a busy machine slows both.

const AIM = 3;
const rounds = process.argv.includes('--quick') ? 15 : 101;
const ROOT = join(import.meta.dirname, '..');
const LAPSE = join(ROOT, 'bin', 'lapse');

await bundle({
  root: ROOT,
  entry: join(ROOT, 'src', 'main', 'cli', 'lapse.ts'),
  outputDir: join(ROOT, 'dist'),
});
const folder = mkdtempSync(join(tmpdir(), 'lapse-check-'));
try {
  const file = join(folder, 'record.json');
  writeFileSync(file, JSON.stringify(COMPLETE, null, 2));
  const [processor] = cpus();
  const load = loadavg()[0]?.toFixed(1);
  console.log(`check-start: lapse check of one file beside node -e 0, aim under ${AIM} times`);
  console.log(
    `machine   ${cpus().length} x ${processor?.model.trim()}, load ${load} at the start\n`,
  );
  for (const node of [process.execPath, oldestNode()]) measure(node, file);
} finally {
  rmSync(folder, { recursive: true });
}

function measure(node: string, file: string): void {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const bare = () => time(node, ['-e', '0']);
  const check = () => time(node, [LAPSE, 'check', file]);
  // The first fills the disk's cache, and Node's of compiled code.
  bare();
  check();
  const taken = Array.from({ length: rounds }, () => ({ bare: bare(), check: check() }));
  const [nothing, whole] = [
    median(taken.map((each) => each.bare)),
    median(taken.map((each) => each.check)),
  ];
  const ratio = whole / nothing;
  console.log(`Node ${version}, median of ${rounds}`);
  console.log(`  node -e 0    ${nothing.toFixed(1)} ms`);
  console.log(`  lapse check  ${whole.toFixed(1)} ms`);
  console.log(`  ratio        ${ratio.toFixed(2)} times (aim under ${AIM})\n`);
}

/** In milliseconds of wall clock, which is what people wait. */
function time(node: string, args: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(node, args, { encoding: 'utf8' });
  const taken = performance.now() - began;
  if (status !== 0) throw new Error(`node ${args.join(' ')} exits with ${status}: ${stderr}`);
  return taken;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
