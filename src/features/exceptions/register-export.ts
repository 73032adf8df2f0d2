import { sql } from 'kysely';
import { stateAt } from '../../domain/exception/catch-up.ts';
import { sqlBuilder } from '../../platform/db/query-builder.ts';
import { openSnapshot } from '../../platform/db/snapshot.ts';
import type { Database, Reach } from '../../platform/db/transaction.ts';
import { type ExceptionFilter, filterConditions } from './exception-filter.ts';
import type { SortColumn } from './exception-list-query.ts';
import { type StateColumns, stateOf } from './exception-row.ts';
import type { ExceptionAnswer } from './exception-schemas.ts';
import { toAnswer } from './exception-wire.ts';
import { policyOf, type TenantPolicies } from './tenant-policies.ts';

/** Which records an export holds, and in what order. */
export interface ExportRequest {
  readonly filter: ExceptionFilter;
  readonly sort: SortColumn;
  readonly descending: boolean;
}

/** The register as it stood at one moment. Close it soon: it has a connection of its own. */
export interface RegisterSnapshot {
  readonly tenantId: string;
  /** The moment, on the domain's clock. */
  readonly now: number;
  /** All records, some at a time, with their status at `now`; can be read more than once. */
  records(): AsyncGenerator<readonly ExceptionAnswer[], void>;
  /** Ends what is being read, too. */
  close(): Promise<void>;
}

/** Opens for an export what of a tenant's register is within reach. */
export type OpenRegister = (reach: Reach, request: ExportRequest) => Promise<RegisterSnapshot>;

/** Records that are in memory at once. The largest have 256 KB, the usual 4. */
const BATCH = 20;

/** Reads registers in read-only snapshots, however long that takes, beside everything else. */
export function registerReader(db: Database, policies: TenantPolicies): OpenRegister {
  return async (reach, request) => {
    const { tenantId } = reach;
    const [now, policy] = await db.inTenant(tenantId, (tx) =>
      Promise.all([tx.now, policyOf(policies, tx, tenantId)]),
    );
    const snapshot = await openSnapshot(db.connection, reach);
    const query = exportQuery(tenantId, request, now).compile();
    const answer = ({ version, ...columns }: ExportRow) => {
      const state = stateOf(columns);
      const at = Math.max(now, state.updated_at);
      return toAnswer(stateAt(state, at, policy), version, tenantId, at);
    };
    return {
      tenantId,
      now,
      async *records() {
        const batches = snapshot.batches<ExportRow>(query.sql, query.parameters, BATCH);
        for await (const rows of batches) yield rows.map(answer);
      },
      close: () => snapshot.close(),
    };
  };
}

interface ExportRow extends StateColumns {
  readonly version: number;
}

function exportQuery(tenantId: string, { filter, sort, descending }: ExportRequest, now: number) {
  const direction = descending ? 'desc' : 'asc';
  return sqlBuilder
    .selectFrom('exceptions')
    .select(['version', 'fields', 'state'])
    .where('tenant_id', '=', tenantId)
    .where((eb) => eb.and(filterConditions(eb, filter, now)))
    .orderBy(sql.ref(sort), direction)
    .orderBy('exception_id', direction);
}
