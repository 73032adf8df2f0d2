import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isInstalled, listMissing, markInstalled } from '../bin/installed.mjs';
import { takeLock } from '../bin/lock.mjs';
import { fingerprintSources } from '../bin/source-fingerprint.cjs';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lapse-bootstrap-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

type Packages = Record<string, Record<string, unknown>>;

/** A checkout whose lock names `wanted` and whose node_modules holds `installed`. */
function checkout(wanted: Packages, installed?: Packages, dependencies = { a: '1.0.0' }): string {
  const root = folder();
  const write = (name: string, value: unknown) =>
    writeFileSync(join(root, name), JSON.stringify(value));
  write('package.json', { dependencies });
  write('package-lock.json', { packages: { '': { dependencies: { a: '1.0.0' } }, ...wanted } });
  if (installed) {
    mkdirSync(join(root, 'node_modules'));
    write('node_modules/.package-lock.json', { packages: installed });
  }
  return root;
}

const A = { 'node_modules/a': { version: '1.0.0', integrity: 'x' } };

describe('what counts as installed', () => {
  test('nothing does without node_modules', () => {
    expect(isInstalled(checkout(A))).toBe(false);
  });

  test('an installation by hand does, in the versions of the lock', () => {
    expect(isInstalled(checkout(A, A))).toBe(true);
    expect(isInstalled(checkout(A, { 'node_modules/a': { version: '1.0.1' } }))).toBe(false);
  });

  test('a dependency that only package.json names does not', () => {
    expect(isInstalled(checkout(A, A, { a: '2.0.0' }))).toBe(false);
  });

  test('optional packages of other platforms may be absent, those of this one may not', () => {
    const [os, cpu] = [[process.platform], [process.arch]];
    const elsewhere = { 'node_modules/b': { version: '1', optional: true, os: ['plan9'], cpu } };
    expect(isInstalled(checkout({ ...A, ...elsewhere }, A))).toBe(true);
    const here = { 'node_modules/c': { version: '1', optional: true, os, cpu } };
    expect(listMissing(checkout({ ...A, ...here }, A))).toEqual(['c']);
  });

  test('the stamp holds until package.json or the lock changes', () => {
    const root = checkout(A, {});
    markInstalled(root);
    expect(isInstalled(root)).toBe(true);
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...A } }));
    expect(isInstalled(root)).toBe(false);
  });
});

describe('the lock of a checkout', () => {
  test('its next holder waits for the release', async () => {
    const root = folder();
    const release = await takeLock(root, 'test', 'waiting');
    const order: string[] = [];
    const next = takeLock(root, 'test', 'waiting').then((releaseNext) => {
      order.push('next');
      releaseNext();
    });
    order.push('released');
    release();
    await next;
    expect(order).toEqual(['released', 'next']);
    expect(existsSync(join(root, '.lapse-test.lock'))).toBe(false);
  });

  test('it is taken over from a process that died with it', async () => {
    const root = folder();
    const dead = spawnSync(process.execPath, ['-e', '0']).pid;
    mkdirSync(join(root, '.lapse-test.lock'));
    writeFileSync(join(root, '.lapse-test.lock', 'pid'), String(dead));
    (await takeLock(root, 'test', 'waiting'))();
  });
});

test('the fingerprint of the sources changes with what is added, written and removed', () => {
  const root = folder();
  mkdirSync(join(root, 'src'));
  const seen = [fingerprintSources(root)];
  writeFileSync(join(root, 'src', 'one.ts'), '1');
  seen.push(fingerprintSources(root));
  writeFileSync(join(root, 'src', 'one.ts'), '10');
  seen.push(fingerprintSources(root));
  writeFileSync(join(root, 'src', 'one.test.ts'), '1');
  expect(fingerprintSources(root)).toBe(seen[2]);
  rmSync(join(root, 'src', 'one.ts'));
  expect(fingerprintSources(root)).toBe(seen[0]);
  expect(new Set(seen).size).toBe(3);
});
