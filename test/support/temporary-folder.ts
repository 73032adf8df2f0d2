import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { fastFolder } from './fast-folder.ts';

/**
 * An empty folder that goes when the test ends. Others may pass through it, so that a PostgreSQL
 * which root starts as another user reaches what lies inside.
 */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(fastFolder(), 'lapse-test-'));
  chmodSync(path, 0o711);
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
