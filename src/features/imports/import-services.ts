import type { Actor } from '../../domain/access/actor.ts';
import type { Classification } from '../../domain/access/clearance.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { IdempotentRequest } from '../../platform/http/idempotency.ts';
import type { FileForm } from './file-form.ts';
import type { Register } from './place-records.ts';

/** What imports are made with. */
export interface ImportServices {
  readonly db: Database;
  /** The pack in force of a tenant, now or at an earlier instant (epoch milliseconds). */
  readonly policyOf: (tx: Transaction, tenantId: string, at?: number) => Promise<Policy>;
  readonly register: Register;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
}

/** Who imports. */
export interface ImportCaller {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly clearance: Classification;
  readonly idempotency?: IdempotentRequest | undefined;
}

/** A file that can be read from its beginning, as often as it takes. */
export interface ImportSource {
  readonly form: FileForm;
  read(): AsyncIterable<Uint8Array>;
}
