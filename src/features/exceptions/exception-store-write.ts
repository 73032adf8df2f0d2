import { awaitedRoles } from '../../domain/exception/awaited-approvals.ts';
import { heldPlaces } from '../../domain/exception/lineage.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { writeDecisionTasks } from './decision-tasks.ts';
import { writeEscalationTasks } from './escalation-tasks.ts';
import { COUNT_CHANGED, COUNT_CREATED } from './exception-counts.ts';
import { exceptionRow, personKey, searchText } from './exception-row.ts';
import { writeGrantWork } from './grant-work-rows.ts';
import { writeLinkWork } from './link-work-rows.ts';

/** The columns of `lapse.exceptions`. */
export const COLUMNS = `tenant_id, exception_id, version, fields, state, status, kind, title, category, control, environment,
  data_classification, severity, requestor, created_at, updated_at, activates_at, expiring_at, expires_at,
  due_at, hands_over, activated_at, renewal_number, lacks_evidence, awaited_since`;

/** Something that a record has several of, in a table of its own. */
export interface ChildTable {
  readonly table: string;
  readonly column: string;
  /** Whether it follows from the fields alone. */
  readonly isField: boolean;
  /** Each value once. */
  readonly valuesOf: (state: ExceptionState) => readonly string[];
}

/** Everything of that kind. */
export const CHILDREN: readonly ChildTable[] = [
  {
    table: 'exception_services',
    column: 'service',
    isField: true,
    valuesOf: ({ fields }) => distinct(fields.services),
  },
  {
    table: 'exception_owners',
    column: 'owner',
    isField: true,
    valuesOf: ({ fields }) => distinct(fields.owners?.map((owner) => personKey(owner) ?? '')),
  },
  {
    table: 'exception_policy_refs',
    column: 'policy_ref',
    isField: true,
    valuesOf: ({ fields }) => distinct(fields.policy_ref),
  },
  {
    table: 'exception_awaited_roles',
    column: 'role',
    isField: false,
    valuesOf: awaitedRoles,
  },
  {
    table: 'exception_chain_places',
    column: 'place',
    isField: false,
    valuesOf: heldPlaces,
  },
];

function distinct(values: readonly string[] = []): string[] {
  return [...new Set(values)];
}

// One statement for all that hangs on a record: each further one costs PostgreSQL and us as much as
// many more rows in this one.
function rows(onConflict: (set: string) => string): string {
  return `new AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS r(tenant_id text, exception_id text, version int, fields json, state json,
      status text, kind text, title text, category text, control text, environment text,
      data_classification text, severity text, requestor text, created_at timestamptz, updated_at timestamptz,
      activates_at timestamptz, expiring_at timestamptz, expires_at timestamptz, due_at timestamptz,
      hands_over boolean, activated_at timestamptz, renewal_number int, lacks_evidence boolean, awaited_since timestamptz, next_due_at timestamptz, search_text text, ${CHILDREN.map(({ table }) => `${table} text[]`).join(', ')})
  ), ${CHILDREN.map(
    ({ table, column }) => `${table} AS (
    INSERT INTO lapse.${table} (tenant_id, exception_id, ${column})
    SELECT tenant_id, exception_id, unnest(${table}) FROM new WHERE ${table} IS NOT NULL
  )`,
  ).join(', ')}, search AS (
    INSERT INTO lapse.exception_search (tenant_id, exception_id, search)
    SELECT tenant_id, exception_id, to_tsvector('simple', search_text) FROM new WHERE search_text IS NOT NULL
    ${onConflict('search = EXCLUDED.search')}
  ), due AS (
    INSERT INTO lapse.exception_deadlines (tenant_id, exception_id, next_due_at)
    SELECT tenant_id, exception_id, next_due_at FROM new WHERE next_due_at < 'infinity'
    ${onConflict('next_due_at = EXCLUDED.next_due_at, attempts = 0, last_error = NULL, quarantined_at = NULL')}
  )`;
}

const CREATE = `WITH ${rows(() => '')}, ${COUNT_CREATED}
  INSERT INTO lapse.exceptions (${COLUMNS}) SELECT ${COLUMNS} FROM new`;

/** What a row says of a record, its ids apart. */
export const STATED_COLUMNS = COLUMNS.split(/,\s+/).filter(
  (name) => !/^(tenant|exception)_id$/.test(name),
);

/** Left out of a change that leaves them as they are. */
const KEPT_FIELDS = 'fields = coalesce(new.fields, e.fields)';

const CHANGE = `WITH ${rows((set) => `ON CONFLICT (tenant_id, exception_id) DO UPDATE SET ${set}`)},
  never_due AS (
    DELETE FROM lapse.exception_deadlines d USING new
    WHERE d.tenant_id = new.tenant_id AND d.exception_id = new.exception_id AND new.next_due_at = 'infinity'
  ), ${COUNT_CHANGED}
  UPDATE lapse.exceptions e
  SET ${STATED_COLUMNS.map((name) => (name === 'fields' ? KEPT_FIELDS : `${name} = new.${name}`)).join(', ')}
  FROM new WHERE e.tenant_id = new.tenant_id AND e.exception_id = new.exception_id`;

type Change = StreamChange<ExceptionState>;

/** Queues the rows of records, their children and their deadlines, with the COMMIT. */
export function writeExceptions(tx: Transaction, changes: readonly Change[]): void {
  writeDecisionTasks(tx, changes);
  writeLinkWork(tx, changes);
  writeGrantWork(tx, changes);
  writeEscalationTasks(tx, changes);
  const created = changes.filter(({ previous }) => !previous);
  const changed = changes.filter(({ previous }) => previous);
  if (created.length > 0) tx.atCommit(CREATE, [JSON.stringify(created.map(rowOf))]);
  if (changed.length === 0) return;
  for (const child of CHILDREN) deleteReplaced(tx, child, changed);
  tx.atCommit(CHANGE, [JSON.stringify(changed.map(rowOf))]);
}

/** A row as `rows` reads it, without what has not changed: its fields, lists and searchable text. */
function rowOf(change: Change) {
  const { fields, ...row } = exceptionRow(change);
  const lists = CHILDREN.filter((child) => hasChanged(change, child)).map((child) => [
    child.table,
    child.valuesOf(change.state),
  ]);
  const changed = { ...row, ...Object.fromEntries(lists) };
  if (fields === change.previous?.fields) return changed;
  const text = searchText(change.state);
  const search =
    change.previous && searchText(change.previous) === text ? {} : { search_text: text };
  return { ...changed, fields, ...search };
}

/** The rows that `CHANGE` brings anew have to be gone before it begins. */
function deleteReplaced(tx: Transaction, child: ChildTable, changes: readonly Change[]): void {
  const replaced = changes.filter((change) => hasChanged(change, child));
  if (replaced.length === 0) return;
  tx.atCommit(
    `DELETE FROM lapse.${child.table} c USING unnest($1::text[], $2::text[]) AS r(tenant_id, exception_id)
     WHERE c.tenant_id = r.tenant_id AND c.exception_id = r.exception_id`,
    [replaced.map(({ tenantId }) => tenantId), replaced.map(({ id }) => id)],
  );
}

function hasChanged({ state, previous }: Change, { isField, valuesOf }: ChildTable): boolean {
  if (isField && state.fields === previous?.fields) return false;
  return !previous || valuesOf(previous).join('\n') !== valuesOf(state).join('\n');
}
