import { resolve } from 'node:path';
import { bootstrap, ROOT } from './bootstrap.mjs';
import { fail, Problem } from './problem.mjs';
import { runNode } from './run-node.mjs';

/** Runs a TypeScript file of the checkout with the pinned Node, after installing what is missing. */
export async function startScript(file, args) {
  try {
    if (!file) throw new Problem('Usage: bin/run FILE [ARGUMENT…]');
    const { node } = await bootstrap();
    runNode(node, [resolve(file), ...args], ROOT);
  } catch (error) {
    fail(error);
  }
}
