// CommonJS, and without a hash: `lapse check` begins with this, and every module costs it time.
const { existsSync, readdirSync, readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');

/**
 * A text that changes with every source of the bundle that is added, removed or written to. By
 * names, sizes and times alone: it is taken at every start of the command line.
 *
 * @param {string} root the checkout
 * @returns {string}
 */
function fingerprintSources(root) {
  const lines = [];
  for (const path of ['build/bundle.ts', 'package-lock.json']) add(lines, join(root, path));
  const packages = join(root, 'packages');
  const names = existsSync(packages) ? readdirSync(packages).sort() : [];
  for (const folder of ['src', ...names.map((name) => join('packages', name, 'src'))]) {
    addFolder(lines, join(root, folder));
  }
  return lines.join('\n');
}

/** Whether dist/ was built from the sources as they are now. */
function isBuilt(root) {
  try {
    return readFileSync(join(root, 'dist', '.sources'), 'utf8') === fingerprintSources(root);
  } catch {
    return false;
  }
}

function addFolder(lines, folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) addFolder(lines, path);
    else if (!entry.name.endsWith('.test.ts')) add(lines, path);
  }
}

function add(lines, path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  lines.push(`${path} ${stat?.size} ${stat?.mtimeMs}`);
}

exports.fingerprintSources = fingerprintSources;
exports.isBuilt = isBuilt;
