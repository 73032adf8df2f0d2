import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** glibc's dynamic loader; there is none with musl, nor on NixOS. */
const LOADERS = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' };

/** Whether programs that were built against glibc run here. */
export function hasGlibc() {
  return process.platform === 'linux' && existsSync(LOADERS[process.arch] ?? '');
}

/** The Node that Lapse brings as a package, if it is installed and runs here. */
export function findPinnedNode(root) {
  if (!hasGlibc()) return undefined;
  // As a dependency of another project, Lapse has its packages in a folder further up.
  for (let folder = root; ; folder = dirname(folder)) {
    const node = join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
    if (existsSync(node)) return node;
    if (folder === dirname(folder)) return undefined;
  }
}
