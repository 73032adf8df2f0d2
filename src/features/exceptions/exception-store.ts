import { grantsOf } from '../../domain/enforcement/grant-spec.ts';
import {
  differenceFrom,
  signatureRule,
  statementOf,
} from '../../domain/exception/approval-statement.ts';
import type { ExceptionEvent } from '../../domain/exception/events.ts';
import { evolve } from '../../domain/exception/evolve.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { EVENT_VERSIONS, upcast } from '../../domain/exception/upcast.ts';
import type {
  EventContext,
  ProjectedRow,
  SignedEvent,
  StreamKind,
  StreamState,
} from '../../journal/stream.ts';
import { storedInstant } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { miscounted } from './exception-counts-check.ts';
import { exceptionRow, type StateColumns, stateOf } from './exception-row.ts';
import { CHILDREN, STATED_COLUMNS, writeExceptions } from './exception-store-write.ts';
import { hasLinkWork } from './link-work-rows.ts';

/** The stream of one exception, and its projection: the register's row, its children, its deadline. */
export const exceptionStream: StreamKind<ExceptionState, ExceptionEvent> = {
  type: 'exception',
  upcast,
  versionOf: (event) => EVENT_VERSIONS[event.type],
  evolve: (state, event, { streamId, at, actor }) =>
    evolve(state, event, { exceptionId: streamId, at, actor }),
  write: writeExceptions,
  tables: [
    { table: 'exceptions', id: 'exception_id', columns: STATED_COLUMNS },
    // That it can be searched for, not by what: the database derives that from the row's text.
    { table: 'exception_search', id: 'exception_id', columns: [] },
    ...CHILDREN.map(({ table, column }) => ({ table, id: 'exception_id', columns: [column] })),
    { table: 'exception_deadlines', id: 'exception_id', columns: ['next_due_at'] },
    { table: 'exception_link_work', id: 'exception_id', columns: [] },
    { table: 'grant_work', id: 'exception_id', columns: ['grant_id'] },
  ],
  project,
  signedOf: signedApproval,
  compareBeside: miscounted,
};

/** One record, locked until the transaction ends, so that commands on it follow one another. */
export async function loadForUpdate(
  tx: Transaction,
  tenantId: string,
  exceptionId: string,
): Promise<StreamState<ExceptionState> | undefined> {
  const [row] = await tx.query<{ version: number } & StateColumns>(
    'SELECT version, fields, state FROM lapse.exceptions WHERE tenant_id = $1 AND exception_id = $2 FOR UPDATE',
    [tenantId, exceptionId],
  );
  return row && { tenantId, id: exceptionId, version: row.version, state: stateOf(row) };
}

/** An approval that is signed, or should be. */
function signedApproval(
  before: ExceptionState | undefined,
  event: ExceptionEvent,
  by: EventContext,
): SignedEvent | undefined {
  if (!before || !isApproval(event)) return undefined;
  const { signature } = event.data;
  const rule = signatureRule(before, event.data);
  if (!signature)
    return rule === undefined ? undefined : { signature, rule, contradiction: undefined };
  const now = statementOf(before, event.data, by);
  const contradiction = now
    ? differenceFrom(now, signature.statement)
    : 'nothing waited for an approval';
  return { signature, rule, contradiction };
}

type ApprovalEvent = Extract<
  ExceptionEvent,
  { type: 'ApprovalGiven' | 'ExtensionApprovalGiven' | 'ChangeApprovalGiven' }
>;

function isApproval(event: ExceptionEvent): event is ApprovalEvent {
  return event.type.endsWith('ApprovalGiven');
}

function project(record: StreamState<ExceptionState>): ProjectedRow[][] {
  const row = exceptionRow(record);
  const stored: Record<string, ProjectedRow[number]> = {
    ...row,
    version: String(row.version),
    created_at: storedInstant(row.created_at),
    updated_at: storedInstant(row.updated_at),
    activates_at: storedInstant(row.activates_at),
    expiring_at: storedInstant(row.expiring_at),
    expires_at: storedInstant(row.expires_at),
    due_at: storedInstant(row.due_at),
    hands_over: row.hands_over ? 't' : 'f',
    activated_at: storedInstant(row.activated_at),
    renewal_number: String(row.renewal_number),
    lacks_evidence: row.lacks_evidence ? 't' : 'f',
    awaited_since: storedInstant(row.awaited_since),
  };
  return [
    [STATED_COLUMNS.map((name) => stored[name] ?? null)],
    [[]],
    ...CHILDREN.map(({ valuesOf }) => valuesOf(record.state).map((value) => [value])),
    row.next_due_at === 'infinity' ? [] : [[storedInstant(row.next_due_at)]],
    hasLinkWork(record.state) ? [[]] : [],
    grantsOf(record.state).map(({ grantId }) => [grantId]),
  ];
}
