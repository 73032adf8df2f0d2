const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { dirname, join } = require('node:path');
const { isBuilt } = require('./source-fingerprint.cjs');

const ROOT = dirname(__dirname);

/**
 * Runs `lapse check` in this very process. It stands on what runs on any Node from 20 on, so that
 * it need not wait for the pinned one, and needs nothing but what is bundled with it.
 *
 * @returns {boolean} false where that has to be built first, or this Node is older.
 */
function startCheck() {
  const bundle = join(ROOT, 'dist', 'check.cjs');
  if (Number.parseInt(process.versions.node, 10) < 20) return false;
  if (existsSync(join(ROOT, 'src')) ? !isBuilt(ROOT) : !existsSync(bundle)) return false;
  // Beside the bundle, since whoever may write there can do as they like anyway; from Node 22 on.
  enableCompileCache?.(join(ROOT, 'dist', '.compiled'));
  require(bundle);
  return true;
}

exports.startCheck = startCheck;
