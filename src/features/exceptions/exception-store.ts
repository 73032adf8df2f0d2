import type { ExceptionEvent } from '../../domain/exception/events.ts';
import { evolve } from '../../domain/exception/evolve.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { EVENT_VERSIONS, upcast } from '../../domain/exception/upcast.ts';
import type { StoredRow, StreamKind, StreamState } from '../../journal/stream.ts';
import { jsonInstant, type Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { miscounted } from './exception-counts-check.ts';
import { exceptionRow } from './exception-row.ts';
import { CHILDREN, type ChildTable, COLUMNS, writeExceptions } from './exception-store-write.ts';

/** The stream of one exception, and its projection: the register's row, its children, its deadline. */
export const exceptionStream: StreamKind<ExceptionState, ExceptionEvent> = {
  type: 'exception',
  upcast,
  versionOf: (event) => EVENT_VERSIONS[event.type],
  evolve: (state, event, { streamId, at, actor }) =>
    evolve(state, event, { exceptionId: streamId, at, actor }),
  write: writeExceptions,
  tables: ['exceptions', ...CHILDREN.map(({ table }) => table), 'exception_deadlines'].map(
    (table) => ({
      table,
      id: 'exception_id',
    }),
  ),
  readStored,
  project,
  miscounted,
};

/** One record, locked until the transaction ends, so that commands on it follow one another. */
export async function loadForUpdate(
  tx: Transaction,
  tenantId: string,
  exceptionId: string,
): Promise<StreamState<ExceptionState> | undefined> {
  const [row] = await tx.query<{ version: number; state: ExceptionState }>(
    'SELECT version, state FROM lapse.exceptions WHERE tenant_id = $1 AND exception_id = $2 FOR UPDATE',
    [tenantId, exceptionId],
  );
  return row && { tenantId, id: exceptionId, ...row };
}

function storedChild({ table, column }: ChildTable): string {
  return `ARRAY(SELECT c.${column} FROM lapse.${table} c
    WHERE c.tenant_id = e.tenant_id AND c.exception_id = e.exception_id) AS ${table}`;
}

// Without `search`, which the database derives from the same row's text.
const STORED = `SELECT r.exception_id AS id, row_to_json(r) AS columns FROM (
  SELECT ${COLUMNS}, ${CHILDREN.map(storedChild).join(', ')},
    (SELECT d.next_due_at FROM lapse.exception_deadlines d
     WHERE d.tenant_id = e.tenant_id AND d.exception_id = e.exception_id) AS next_due_at
  FROM lapse.exceptions e WHERE tenant_id = $1 AND exception_id = ANY($2)) r`;

async function readStored(
  reader: Reader,
  tenantId: string,
  ids: readonly string[],
): Promise<StoredRow[]> {
  const rows = await reader.query<StoredRow & { columns: Record<string, string[]> }>(STORED, [
    tenantId,
    ids,
  ]);
  for (const { columns } of rows) for (const { table } of CHILDREN) columns[table]?.sort();
  return rows;
}

function project(record: StreamState<ExceptionState>) {
  const row = exceptionRow(record);
  const due = jsonInstant(row.due_at);
  return {
    ...row,
    created_at: jsonInstant(row.created_at),
    updated_at: jsonInstant(row.updated_at),
    activates_at: jsonInstant(row.activates_at),
    expiring_at: jsonInstant(row.expiring_at),
    expires_at: jsonInstant(row.expires_at),
    due_at: due,
    activated_at: jsonInstant(row.activated_at),
    ...Object.fromEntries(
      CHILDREN.map(({ table, valuesOf }) => [table, [...valuesOf(record.state)].sort()]),
    ),
    next_due_at: row.due_at === 'infinity' ? null : due,
  };
}
