import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasGlibc } from './pinned-node.mjs';

const STAMP = 'node_modules/.lapse-installed';
/** npm writes this at the end of every complete installation. */
const INSTALLED_LOCK = 'node_modules/.package-lock.json';

/**
 * Whether node_modules holds what package-lock.json says. The stamp answers in a millisecond; where
 * it is missing or old, npm's own record decides, so that an installation made by hand counts and
 * an edit of package.json that changes no dependency costs nothing.
 */
export function isInstalled(root) {
  if (read(root, STAMP) === fingerprint(root)) return true;
  if (!matchesLock(root)) return false;
  markInstalled(root);
  return true;
}

/** Records that node_modules fits package.json and package-lock.json as they are now. */
export function markInstalled(root) {
  try {
    writeFileSync(join(root, STAMP), fingerprint(root));
  } catch {
    // A checkout that another user owns: the comparison is made again next time.
  }
}

function fingerprint(root) {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json'])
    hash.update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

function matchesLock(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const declared = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return sameDependencies(packages[''], declared) && listMissing(root).length === 0;
}

/** Packages of the lock that are for this platform and that npm did not install in that version. */
export function listMissing(root) {
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(read(root, INSTALLED_LOCK) ?? '{"packages":{}}').packages;
  const missing = Object.entries(wanted).filter(([path, entry]) => {
    if (!path.includes('node_modules/')) return false;
    const installed = found[path];
    if (!installed) return !mayBeAbsent(entry);
    return installed.version !== entry.version || installed.integrity !== entry.integrity;
  });
  return missing.map(([path]) => path.replace(/^.*node_modules\//, ''));
}

/** Optional packages of other platforms, and what only those need, are in the lock but never here. */
function mayBeAbsent(entry) {
  if (!entry.optional && !entry.peer) return false;
  const isForHere =
    (!entry.os || entry.os.includes(process.platform)) &&
    (!entry.cpu || entry.cpu.includes(process.arch)) &&
    (!entry.libc || entry.libc.includes(hasGlibc() ? 'glibc' : 'musl'));
  return !isForHere || (!entry.os && !entry.cpu);
}

function sameDependencies(locked, declared) {
  return ['dependencies', 'devDependencies', 'optionalDependencies'].every((kind) => {
    const [before, now] = [locked?.[kind] ?? {}, declared[kind] ?? {}];
    const names = new Set([...Object.keys(before), ...Object.keys(now)]);
    return [...names].every((name) => before[name] === now[name]);
  });
}

function read(root, name) {
  try {
    return readFileSync(join(root, name), 'utf8');
  } catch {
    return undefined;
  }
}
