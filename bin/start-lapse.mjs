import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap, IS_CHECKOUT, ROOT } from './bootstrap.mjs';
import { ensureBuilt } from './build.mjs';
import { heapFlags } from './heap-flags.mjs';
import { fail, Problem } from './problem.mjs';
import { runNode } from './run-node.mjs';

/** Runs the command line of Lapse, after installing and building what is missing or stale. */
export async function startLapse(args) {
  const bundle = join(ROOT, 'dist', 'lapse.js');
  try {
    const { node, isCurrent } = await bootstrap();
    if (IS_CHECKOUT) await ensureBuilt(ROOT, node);
    else if (!existsSync(bundle)) throw new Problem(`${bundle} is missing: install Lapse again.`);
    const flags = heapFlags(args);
    // Another start of Node would double the time that every command takes to begin.
    if (!isCurrent || flags.length > 0) return runNode(node, [...flags, bundle, ...args], ROOT);
    process.argv[1] = bundle;
  } catch (error) {
    fail(error);
  }
  await import(pathToFileURL(bundle).href);
}
