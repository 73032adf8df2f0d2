import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalBytes } from '../ledger/canonical.ts';
import { portableSha256, type Sha256 } from '../ledger/hash.ts';
import { RENEWS_PREFIX } from './import-exported.ts';
import { TENANT_PREFIX } from './import-identity.ts';
import type { Path } from './import-remarks.ts';

/** What tells that a record was imported before, and where in the record it stands. */
export interface ImportKey {
  /** `id:` and an id that the file gives, else `digest:` and the SHA-256 of the whole record. */
  readonly key: string;
  readonly path: Path;
}

/** Longer ids than any index takes are told by the digest of their record. */
const LONGEST = 1_000;

/**
 * The keys of a record: one for each id that its file gives it, so that a record which was edited
 * since is known again; for one without any the digest of what stands in the file. A tenant that was
 * kept is none, since all records of that tenant share it;
 * neither is the record that it renews.
 * @throws NotCanonicalError for a value without canonical JSON, which a file's reader lets none pass
 */
export function importKeys(
  value: unknown,
  givenId: string | undefined,
  externalIds: readonly string[],
  digest: Sha256 = portableSha256,
): ImportKey[] {
  const keys = new Map<string, Path>();
  if (givenId !== undefined && givenId.length <= LONGEST)
    keys.set(`id:${givenId}`, ['exception_id']);
  for (const id of externalIds) {
    const isOfRecord = !id.startsWith(TENANT_PREFIX) && !id.startsWith(RENEWS_PREFIX);
    if (isOfRecord && !keys.has(`id:${id}`)) keys.set(`id:${id}`, ['external_ids']);
  }
  if (keys.size === 0) keys.set(`digest:${bytesToHex(digest(canonicalBytes(value)))}`, []);
  return [...keys].map(([key, path]) => ({ key, path }));
}
