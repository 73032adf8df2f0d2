import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { fastFolder } from '../support/fast-folder.ts';

/** An empty folder that goes when the last test of the file has ended. */
export function longLivedFolder(): string {
  const path = mkdtempSync(join(fastFolder(), 'lapse-e2e-'));
  // Root's PostgreSQL runs as another user, who has to pass through.
  chmodSync(path, 0o711);
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
