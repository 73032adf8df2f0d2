import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** What the domain may stand on, and what the stories are drawn with. */
const PACKAGES = /\/node_modules\/(zod|canonicalize|@noble\/hashes|fast-check|pure-rand)\//;

/**
 * The cases, the domain and the verifier as one module for Node or for browsers.
 * @throws where they need anything that the domain may not stand on.
 */
export async function bundleCases(platform: 'node' | 'browser'): Promise<string> {
  const build = await rolldown({
    input: join(import.meta.dirname, 'run-cases.ts'),
    platform,
    logLevel: 'warn',
    // Whatever the engine lacks shows up as it is: nothing is rewritten for it.
    transform: { target: 'esnext' },
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  const [{ code, imports, moduleIds }] = output;
  const strangers = moduleIds.filter(
    (id) => id.includes('/node_modules/') && !PACKAGES.test(id.replaceAll('\\', '/')),
  );
  if (output.length > 1 || imports.length > 0 || strangers.length > 0) {
    throw new Error(`the domain stands on more than it may: ${[...imports, ...strangers].join()}`);
  }
  return code;
}

/** Reads a file of test/vectors. */
export function readVectors(name: string): unknown {
  const path = join(import.meta.dirname, '..', 'vectors', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8'));
}
