import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { fingerprintSources } from '../bin/source-fingerprint.cjs';
import { isExternal } from './bundle-externals.ts';

const ROOT = dirname(import.meta.dirname);
/** A server that still runs an earlier build may load its chunks until then. */
const KEEP_OLD_CHUNKS_MS = 24 * 60 * 60_000;

/** After the chunks: what needs them, and last of all what says that everything is there. */
const FILES = ['check.cjs.map', 'check.cjs', 'lapse.js.map', 'lapse.js', '.sources'];

/** What is bundled, and what the bundle is made from. */
export interface Bundle {
  /** The checkout: dependencies and the workspace's packages are looked up here. */
  readonly root: string;
  /**
   * The module that becomes `dist/lapse.js`. One beside it that is called `check.ts` becomes
   * `dist/check.cjs`: CommonJS begins soonest.
   */
  readonly entry: string;
  readonly outputDir: string;
}

/**
 * Builds the command line and the server into `outputDir`. Everything is built in a folder of its
 * own and renamed into place, chunks first and the entry last, so that whoever starts Lapse in
 * the middle of it, or builds at the same time, finds one whole build or the other.
 */
export async function bundle({ root, entry, outputDir }: Bundle): Promise<void> {
  // Taken first: a source that changes during the build makes the result stale.
  const fingerprint = fingerprintSources(root);
  const temporary = join(outputDir, `.building-${process.pid}`);
  const check = join(dirname(entry), 'check.ts');
  const write = async (input: Record<string, string>, format: 'esm' | 'cjs', ending: string) => {
    const { output } = await build({
      cwd: root,
      input,
      platform: 'node',
      external: isExternal(root),
      logLevel: 'warn',
      output: {
        dir: temporary,
        format,
        sourcemap: true,
        entryFileNames: `[name].${ending}`,
        chunkFileNames: `chunks/[name]-[hash].${ending}`,
      },
    });
    return output.map(({ fileName }) => basename(fileName));
  };
  try {
    const checking = existsSync(check) ? await write({ check }, 'cjs', 'cjs') : [];
    const current = new Set([...checking, ...(await write({ lapse: entry }, 'esm', 'js'))]);
    writeFileSync(join(temporary, '.sources'), fingerprint);
    const names = readdirSync(temporary, { recursive: true, encoding: 'utf8' });
    const chunks = names.filter((name) => name.startsWith('chunks/'));
    const files = FILES.filter((name) => names.includes(name));
    mkdirSync(join(outputDir, 'chunks'), { recursive: true });
    for (const name of [...chunks, ...files]) {
      renameSync(join(temporary, name), join(outputDir, name));
    }
    removeOldChunks(outputDir, current);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function removeOldChunks(outputDir: string, current: ReadonlySet<string>): void {
  for (const name of readdirSync(join(outputDir, 'chunks'))) {
    const path = join(outputDir, 'chunks', name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (!current.has(name) && age > KEEP_OLD_CHUNKS_MS) rmSync(path, { force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  if (!existsSync(entry)) throw new Error(`${entry} is missing: the checkout is not complete.`);
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
}
