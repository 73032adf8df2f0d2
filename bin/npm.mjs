import { accessSync, constants } from 'node:fs';
import { basename, delimiter, dirname, join, sep } from 'node:path';
import { Problem } from './problem.mjs';

/**
 * How to run npm so that it can delete and replace node_modules: by a Node from outside. Within
 * "npm test" the PATH begins with node_modules/.bin, whose `node` is the pinned one.
 *
 * @param {string} root the checkout
 * @param {string} [chosen] a Node to run npm with instead, by its path
 * @returns {{ command: string, args: string[], env: Record<string, string | undefined> }}
 */
export function findNpm(root, chosen) {
  const inside = join(root, 'node_modules') + sep;
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((each) => !`${each}${sep}`.startsWith(inside));
  if (chosen) path.unshift(dirname(chosen));
  const env = { ...process.env, PATH: path.join(delimiter) };
  const outside = [process.env.npm_node_execpath, process.execPath].find(
    (node) => node && !node.startsWith(inside) && isExecutable(node),
  );
  const node = chosen ?? outside ?? findOn(path, 'node') ?? process.execPath;
  const script = process.env.npm_execpath;
  // Other package managers set npm_execpath too, to a program of their own.
  if (script && basename(script) === 'npm-cli.js' && !script.startsWith(inside)) {
    return { command: node, args: [script], env };
  }
  const npm = findOn(path, 'npm');
  if (npm) return { command: npm, args: [], env };
  throw new Problem(
    `There is a Node (${process.version}) but no npm, which is needed to install what Lapse is made ` +
      'of. Install npm (on Debian and Ubuntu: apt-get install npm), then run this again.',
  );
}

function findOn(path, name) {
  return path.map((folder) => join(folder || '.', name)).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
