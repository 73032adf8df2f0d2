import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Problem } from './problem.mjs';
import { showProgress } from './progress.mjs';
import { isBuilt } from './source-fingerprint.cjs';

/** Rebuilds dist/ if a source has changed since it was built. */
export async function ensureBuilt(root, node) {
  if (isBuilt(root)) return;
  const progress = showProgress('Building');
  const child = spawn(node, [join(root, 'build', 'bundle.ts')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message;
    });
    child.on('close', resolve);
  });
  progress.done(code === 0 ? 'Built' : 'Building failed');
  if (code !== 0)
    throw new Problem(`${output.trim()}\n\nLapse could not be built from its sources.`);
}
