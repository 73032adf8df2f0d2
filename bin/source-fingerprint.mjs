import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A short text that changes with every source of the bundle that is added, removed or written to.
 * By names, sizes and times alone: it is taken at every start of the command line.
 *
 * @param {string} root the checkout
 * @returns {string}
 */
export function fingerprintSources(root) {
  const hash = createHash('sha1');
  for (const path of ['build/bundle.ts', 'package-lock.json']) add(hash, join(root, path));
  const packages = join(root, 'packages');
  const names = existsSync(packages) ? readdirSync(packages).sort() : [];
  for (const folder of ['src', ...names.map((name) => join('packages', name, 'src'))]) {
    addFolder(hash, join(root, folder));
  }
  return hash.digest('hex');
}

function addFolder(hash, folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) addFolder(hash, path);
    else if (!entry.name.endsWith('.test.ts')) add(hash, path);
  }
}

function add(hash, path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  hash.update(`${path}\0${stat?.size}\0${stat?.mtimeMs}\n`);
}
