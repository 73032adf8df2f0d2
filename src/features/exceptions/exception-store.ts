import type { ExceptionEvent } from '../../domain/exception/events.ts';
import { evolve } from '../../domain/exception/evolve.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { EVENT_VERSIONS, upcast } from '../../domain/exception/upcast.ts';
import type { StoredRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { exceptionRow, personKey, searchText } from './exception-row.ts';

/** The stream of one exception, and its projection: the register's row, its children, its deadline. */
export const exceptionStream: StreamKind<ExceptionState, ExceptionEvent> = {
  type: 'exception',
  upcast,
  versionOf: (event) => EVENT_VERSIONS[event.type],
  evolve: (state, event, { streamId, at, actor }) =>
    evolve(state, event, { exceptionId: streamId, at, actor }),
  write,
  readStored,
  project: exceptionRow,
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

const COLUMNS = `tenant_id, exception_id, version, state, status, kind, title, category, control, environment,
  data_classification, severity, requestor, created_at, updated_at, activates_at, expiring_at, expires_at,
  due_at, hands_over`;

const UPSERT = `
  INSERT INTO lapse.exceptions (${COLUMNS}, search)
  SELECT ${COLUMNS}, to_tsvector('simple', search_text)
  FROM jsonb_to_recordset($1::jsonb) AS r(tenant_id text, exception_id text, version int, state jsonb,
    status text, kind text, title text, category text, control text, environment text,
    data_classification text, severity text, requestor text, created_at timestamptz, updated_at timestamptz,
    activates_at timestamptz, expiring_at timestamptz, expires_at timestamptz, due_at timestamptz,
    hands_over boolean, search_text text)
  ON CONFLICT (tenant_id, exception_id) DO UPDATE SET (${COLUMNS}, search) = ROW(EXCLUDED.*)`;

const DEADLINES = `
  WITH r AS (SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS r(tenant_id, exception_id, due_at)),
  gone AS (
    DELETE FROM lapse.exception_deadlines d USING r
    WHERE d.tenant_id = r.tenant_id AND d.exception_id = r.exception_id AND r.due_at = 'infinity'
  )
  INSERT INTO lapse.exception_deadlines (tenant_id, exception_id, next_due_at)
  SELECT * FROM r WHERE due_at < 'infinity'
  ON CONFLICT (tenant_id, exception_id) DO UPDATE
    SET next_due_at = EXCLUDED.next_due_at, attempts = 0, last_error = NULL, quarantined_at = NULL`;

function write(tx: Transaction, changes: readonly StreamChange<ExceptionState>[]): void {
  const rows = changes.map(exceptionRow);
  const payload = rows.map((row, index) => ({
    ...row,
    search_text: searchText(changes[index]?.state as ExceptionState),
  }));
  tx.atCommit(UPSERT, [JSON.stringify(payload)]);
  tx.atCommit(DEADLINES, [
    rows.map((row) => row.tenant_id),
    rows.map((row) => row.exception_id),
    rows.map((row) => row.due_at),
  ]);
  writeChild(tx, changes, 'exception_services', 'service', ({ fields }) => fields.services ?? []);
  writeChild(
    tx,
    changes,
    'exception_policy_refs',
    'policy_ref',
    ({ fields }) => fields.policy_ref ?? [],
  );
  writeChild(tx, changes, 'exception_owners', 'owner', ({ fields }) =>
    (fields.owners ?? []).map((owner) => personKey(owner) ?? ''),
  );
}

/** Replaces the child rows of those records whose values changed. */
function writeChild(
  tx: Transaction,
  changes: readonly StreamChange<ExceptionState>[],
  table: string,
  column: string,
  valuesOf: (state: ExceptionState) => readonly string[],
): void {
  const changed = changes.filter(
    ({ state, previous }) =>
      state.fields !== previous?.fields &&
      (previous ? valuesOf(previous) : []).join('\n') !== valuesOf(state).join('\n'),
  );
  if (changed.length === 0) return;
  const replaced = changed.filter(({ previous }) => previous !== undefined);
  if (replaced.length > 0) {
    tx.atCommit(
      `DELETE FROM lapse.${table} c USING unnest($1::text[], $2::text[]) AS r(tenant_id, exception_id)
       WHERE c.tenant_id = r.tenant_id AND c.exception_id = r.exception_id`,
      [replaced.map(({ tenantId }) => tenantId), replaced.map(({ id }) => id)],
    );
  }
  const values = changed.flatMap(({ tenantId, id, state }) =>
    valuesOf(state).map((value) => [tenantId, id, value] as const),
  );
  if (values.length === 0) return;
  tx.atCommit(
    `INSERT INTO lapse.${table} (tenant_id, exception_id, ${column})
     SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[])`,
    [
      values.map(([tenant]) => tenant),
      values.map(([, id]) => id),
      values.map(([, , value]) => value),
    ],
  );
}

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const TIMES = ['created_at', 'updated_at', 'activates_at', 'expiring_at', 'expires_at', 'due_at'];
const TIME_COLUMNS = TIMES.map(
  (name) =>
    `'${name}', CASE WHEN isfinite(${name}) THEN to_char(${name} AT TIME ZONE 'UTC', ${ISO}) ELSE ${name}::text END`,
).join(', ');

async function readStored(
  tx: Transaction,
  tenantId: string,
  after: string,
  limit: number,
): Promise<StoredRow[]> {
  return tx.query<{ id: string; columns: unknown }>(
    `SELECT exception_id AS id, to_jsonb(e) - 'search' || jsonb_build_object(${TIME_COLUMNS}) AS columns
     FROM lapse.exceptions e WHERE tenant_id = $1 AND exception_id > $2 ORDER BY exception_id LIMIT $3`,
    [tenantId, after, limit],
  );
}
