import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/**
 * Small packages of pure code, which start faster as part of the bundle. All others stay packages:
 * they carry files of their own (workers, assets, binaries) or load parts of themselves by name.
 */
const BUNDLED = new Set([
  '@clack/prompts',
  '@noble/hashes',
  'commander',
  'jose',
  'kysely',
  'openapi-fetch',
  'picocolors',
  'ulid',
  'yaml',
  'zod',
]);

/** Decides for each import whether it stays one (true) or becomes part of the bundle. */
export function isExternal(
  root: string,
): (id: string, importer: string | undefined, isResolved: boolean) => boolean {
  const ours = workspaceNames(root);
  return (id, importer, isResolved) => {
    if (isResolved || id.startsWith('.') || id.startsWith('/') || id.startsWith('node:')) {
      return id.startsWith('node:');
    }
    // What a bundled package itself imports belongs to it.
    if (importer?.includes(`${sep}node_modules${sep}`)) return false;
    const name = packageOf(id);
    return !BUNDLED.has(name) && !ours.has(name);
  };
}

function packageOf(id: string): string {
  return id.split('/', id.startsWith('@') ? 2 : 1).join('/');
}

function workspaceNames(root: string): Set<string> {
  const folder = join(root, 'packages');
  if (!existsSync(folder)) return new Set();
  const files = readdirSync(folder).map((name) => join(folder, name, 'package.json'));
  return new Set(
    files.filter(existsSync).map((file) => JSON.parse(readFileSync(file, 'utf8')).name),
  );
}
