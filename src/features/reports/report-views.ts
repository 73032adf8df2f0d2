import type { RegisterCounts } from '../../domain/exception/register-counts.ts';
import type { Database, Reach, Transaction } from '../../platform/db/transaction.ts';

/** What reports are made of. */
export interface ReportSources {
  readonly db: Database;
  /** The register in numbers, exact at the transaction's time. */
  readonly countRegister: (tx: Transaction, tenantId: string) => Promise<RegisterCounts>;
  readonly tenantName: (tx: Transaction, tenantId: string) => Promise<string>;
}

/** A tenant's register in numbers, and what the tenant is called. */
export interface CountedTenant {
  readonly tenant: { readonly tenant_id: string; readonly name: string };
  readonly counts: RegisterCounts;
}

/** Reads what all reports are made of; it costs the same whatever the register holds. */
export class ReportViews {
  readonly #sources: ReportSources;

  constructor(sources: ReportSources) {
    this.#sources = sources;
  }

  read(reach: Reach): Promise<CountedTenant> {
    const { tenantId } = reach;
    const { db, countRegister, tenantName } = this.#sources;
    return db.inTenant(reach, async (tx) => {
      const [name, counts] = await Promise.all([
        tenantName(tx, tenantId),
        countRegister(tx, tenantId),
      ]);
      return { tenant: { tenant_id: tenantId, name }, counts };
    });
  }
}
