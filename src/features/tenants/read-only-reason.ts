import { whyReadOnly } from '../../domain/tenant/tenant-life.ts';
import type { Database } from '../../platform/db/transaction.ts';
import { readStanding } from './tenant-stream.ts';

/** How long, in milliseconds, another replica may still let a tenant be changed that was suspended. */
const REMEMBERED_FOR = 1_000;
const REMEMBERED_AT_MOST = 10_000;

/** Tells why a tenant can only be read, remembering each answer for a second of real time. */
export function rememberedReason(db: Database, realNow: () => number) {
  const remembered = new Map<string, { why: Promise<string | undefined>; until: number }>();
  return {
    /** Undefined where the tenant may be changed. */
    of(tenantId: string): Promise<string | undefined> {
      const now = realNow();
      const known = remembered.get(tenantId);
      if (known && known.until >= now) return known.why;
      if (remembered.size >= REMEMBERED_AT_MOST) remembered.clear();
      const why = db.inTenant(tenantId, async (tx) => {
        const row = await readStanding(tx, tenantId, tenantId);
        return row && whyReadOnly(row.state);
      });
      const looked = { why, until: now + REMEMBERED_FOR };
      remembered.set(tenantId, looked);
      why.catch(() => {
        if (remembered.get(tenantId) === looked) remembered.delete(tenantId);
      });
      return why;
    },
    forget(tenantId: string): void {
      remembered.delete(tenantId);
    },
  };
}
