// Runs on any Node from 20 on, before anything is installed: built-in modules only.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';
import { findPinnedNode } from './pinned-node.mjs';
import { Problem } from './problem.mjs';

/** The folder of package.json: a checkout, or the installed package. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A checkout is installed and built as needed; an installed package is used as it is. */
export const IS_CHECKOUT =
  existsSync(join(ROOT, 'src')) && existsSync(join(ROOT, 'package-lock.json'));

/** Lapse needs this major version of Node where the pinned one does not exist for the platform. */
const LEAST_NODE = 26;

/**
 * Installs what is missing or stale, and finds the Node to run Lapse with.
 *
 * @returns {Promise<{ node: string, isCurrent: boolean }>} the program, and whether it is the Node
 * that runs this.
 */
export async function bootstrap() {
  if (Number.parseInt(process.versions.node, 10) < 20) {
    throw new Problem(`Lapse needs Node 20 or later to begin with; this is ${process.version}.`);
  }
  if (IS_CHECKOUT) await ensureInstalled(ROOT);
  const node = findPinnedNode(ROOT);
  if (node) return { node, isCurrent: process.version === `v${pinnedVersion()}` };
  if (Number.parseInt(process.versions.node, 10) >= LEAST_NODE) {
    return { node: process.execPath, isCurrent: true };
  }
  throw new Problem(
    `Lapse brings its own Node ${LEAST_NODE} for Linux on x64 and arm64 (with glibc). For ` +
      `${process.platform}-${process.arch}, or where optional packages were not installed, install ` +
      `Node ${LEAST_NODE} or later and run it with that; this is ${process.version}.`,
  );
}

function pinnedVersion() {
  const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return optionalDependencies[`node-linux-${process.arch}`];
}
