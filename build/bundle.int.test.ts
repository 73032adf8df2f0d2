import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from './bundle.ts';

const ROOT = dirname(import.meta.dirname);

/** Inside the checkout, so that packages are found from there. */
function sources(): { entry: string; outputDir: string } {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'dist', '.test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, 'entry.ts'),
    `import { Command } from 'commander';
     import { parse } from 'yaml';
     import pg from 'pg';
     const name: string = new Command('stub').name();
     const { later } = await import('./later.ts');
     console.log(JSON.stringify([name, parse('a: 1'), typeof pg.Client, later]));`,
  );
  writeFileSync(join(folder, 'later.ts'), `export const later = 'loaded when needed';`);
  return { entry: join(folder, 'entry.ts'), outputDir: join(folder, 'out') };
}

test('pure packages go into the bundle, others stay, dynamic imports become chunks', async () => {
  const { entry, outputDir } = sources();
  await bundle({ root: ROOT, entry, outputDir });
  const said = execFileSync(process.execPath, [join(outputDir, 'lapse.js')], { encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual(['stub', { a: 1 }, 'function', 'loaded when needed']);
  const text = readFileSync(join(outputDir, 'lapse.js'), 'utf8');
  expect(text).toMatch(/^import .* from ["']pg["']/m);
  expect(text).not.toMatch(/^import .* from ["'](commander|yaml)["']/m);
  expect(readdirSync(join(outputDir, 'chunks')).join()).toMatch(/^later-.*\.js/);
});

test('two builds at once leave one that works, and nothing else', async () => {
  const { entry, outputDir } = sources();
  const script = `import { bundle } from ${JSON.stringify(join(ROOT, 'build', 'bundle.ts'))};
    await bundle(${JSON.stringify({ root: ROOT, entry, outputDir })});`;
  const other = join(dirname(entry), 'build.ts');
  writeFileSync(other, script);
  const run = () => promisify(execFile)(process.execPath, [other]);
  await Promise.all([run(), run(), bundle({ root: ROOT, entry, outputDir })]);
  expect(readdirSync(outputDir).sort()).toEqual(['.sources', 'chunks', 'lapse.js', 'lapse.js.map']);
  execFileSync(process.execPath, [join(outputDir, 'lapse.js')]);
});
