import { spawn } from 'node:child_process';
import { isInstalled, listMissing, markInstalled } from './installed.mjs';
import { takeLock } from './lock.mjs';
import { findNpm } from './npm.mjs';
import { findPinnedNode } from './pinned-node.mjs';
import { Problem } from './problem.mjs';
import { showProgress } from './progress.mjs';

/**
 * Brings node_modules to what package-lock.json says, if it is not there already. Of several
 * processes one installs, the others wait for it.
 */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return;
  const release = await takeLock(root, 'install', 'Waiting for another process that is installing');
  try {
    if (isInstalled(root)) return;
    await install(root);
    markInstalled(root);
  } finally {
    release();
  }
}

async function install(root) {
  findNpm(root);
  const progress = showProgress('Installing dependencies');
  let result = await runNpm(root, ['ci']);
  // A lock made where the registry lacks other platforms' packages names none of those, and
  // "npm ci" then refuses; this installs the same versions, and leaves the lock as it is.
  if (OUT_OF_SYNC.test(result.output)) result = await runNpm(root, ['install', '--no-save']);
  // npm leaves out optional packages that declare a later Node than the one it runs on; with the
  // pinned Node, which is there by now, it adds them.
  const pinned = findPinnedNode(root);
  if (result.code === 0 && pinned && listMissing(root).length > 0) {
    result = await runNpm(root, ['install', '--no-save'], pinned);
  }
  if (result.code === 0) {
    progress.done('Installed dependencies');
    return warnOfMissing(root);
  }
  progress.done('Installing dependencies failed');
  throw new Problem(explain(result));
}

/** Early releases of npm 9 take every package that names its C library for one of elsewhere. */
function warnOfMissing(root) {
  const missing = listMissing(root);
  if (missing.length === 0) return;
  process.stderr.write(
    `npm left out ${missing.join(', ')}. If something fails for want of these, update npm ` +
      '(npm install -g npm), delete node_modules and run this again.\n',
  );
}

const OUT_OF_SYNC = /can only install packages when your package.json and package-lock.json/;

async function runNpm(root, command, node) {
  const npm = findNpm(root, node);
  // NODE_ENV=production would leave out what the build needs.
  const options = [
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--include=dev',
    '--include=optional',
  ];
  const child = spawn(npm.command, [...npm.args, ...command, ...options], {
    cwd: root,
    env: npm.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  // Ctrl-C reaches npm as well; this waits for it to end and to let go of the folder.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  const result = await new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
  process.off('SIGINT', ignore);
  return result;
}

const CAUSES = [
  [
    /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|E40[137]|network/,
    'The npm registry could not be reached. Check the network, the proxy and "npm config get registry", then run this again.',
  ],
  [/ENOSPC/, 'The disk is full. Free some space, then run this again.'],
  [
    /EACCES|EPERM|EROFS/,
    'This user may not write to the checkout or to the npm cache. Run this as the user they belong to.',
  ],
  [/spawn/, 'npm could not be started. Install npm, then run this again.'],
];
const MOST_LINES = 20;

function explain({ output, signal }) {
  if (signal) return `npm was ended by ${signal}; run this again to go on.`;
  const [, advice] = CAUSES.find(([pattern]) => pattern.test(output)) ?? [
    undefined,
    'Above is what npm says. "npm install" in the checkout repeats it by hand.',
  ];
  return `${output.trim().split('\n').slice(0, MOST_LINES).join('\n')}\n\n${advice}`;
}
