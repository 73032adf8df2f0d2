import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Actor } from '../domain/access/actor.ts';
import { DAY, formatInstant } from '../domain/schedule/instant.ts';
import { issueToken } from '../features/identity/token-service.ts';
import type { Transaction } from '../platform/db/transaction.ts';

/** Where it lies in the data folder; the command line finds it there. */
export const ADMIN_TOKEN_FILE = 'admin-token';
/** A first secret is there to make others with, and does not become a lasting one (ASVS 5.0, 6.4.1). */
const LIFE = 30 * DAY;

/** A token in a file, and when it ends (RFC 3339). */
export interface WrittenToken {
  readonly file: string;
  readonly endsAt: string;
}

/** Issues the token that whoever has the server's own machine in hand administers with. */
export function issueAdministratorToken(
  tx: Transaction,
  tenantId: string,
  actor: Actor,
  now: number,
): { readonly secret: string; readonly endsAt: string } {
  const endsAt = formatInstant(now + LIFE);
  const wanted = { name: 'Administrator', role: 'administrator' as const, expires_at: endsAt };
  return { secret: issueToken(tx, tenantId, actor, wanted, now).secret ?? '', endsAt };
}

/** Puts a token into the data folder, for its owner alone; answers where it lies. */
export async function writeToken(dataDir: string, name: string, secret: string): Promise<string> {
  const file = join(dataDir, name);
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  // A file that was there keeps its mode.
  await chmod(file, 0o600);
  return file;
}
