import { CLOCK } from '../../domain/access/actor.ts';
import { routeOf } from '../../domain/enforcement/connection.ts';
import type { Mode } from '../../domain/enforcement/connector.ts';
import { evolveGrant } from '../../domain/enforcement/evolve-grant.ts';
import type { GrantState } from '../../domain/enforcement/grant.ts';
import type { GrantEvent } from '../../domain/enforcement/grant-events.ts';
import { type GrantSpec, grantKey, grantsOf } from '../../domain/enforcement/grant-spec.ts';
import { eventsOf } from '../../domain/enforcement/grant-steps.ts';
import { type Move, nextMove } from '../../domain/enforcement/next-move.ts';
import { type Wanted, wantedOf } from '../../domain/enforcement/wanted.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { readConnections, type TenantConnection } from './connection-store.ts';
import { type EnforcementParts, type RecordMap, recordKey } from './enforcement-parts.ts';
import { readGrants } from './grant-store.ts';
import { withSameAccess } from './same-access.ts';

/** A row of `grant_work`. */
export interface WorkRow {
  readonly tenantId: string;
  readonly exceptionId: string;
  readonly grantId: string;
  readonly lane: string;
  readonly reads: number;
  /** Epoch milliseconds. */
  readonly readAt: number | undefined;
}

/** A grant with all that decides what is to be done for it. */
export interface GrantOutlook {
  readonly row: WorkRow;
  readonly record: ExceptionState;
  readonly spec: GrantSpec;
  readonly wanted: Wanted;
  readonly connection: TenantConnection | undefined;
  readonly mode: Mode;
  readonly stored: StreamState<GrantState> | undefined;
  /** The predecessor's grant of the same access, where it is to be handed over before anything else. */
  readonly takesOverFrom: string | undefined;
}

/** Reads what decides about some grants; a grant that its record does not list any more is `undefined`. */
export async function readOutlooks(
  tx: Transaction,
  { recordsOf }: Pick<EnforcementParts, 'recordsOf'>,
  rows: readonly WorkRow[],
  now: number,
): Promise<(GrantOutlook | undefined)[]> {
  const tenantIds = [...new Set(rows.map(({ tenantId }) => tenantId))];
  const [records, stored, connections] = await Promise.all([
    recordsOf(tx, rows),
    readGrants(tx, rows),
    readConnections(tx, tenantIds),
  ]);
  const grants = new Map(stored.map((grant) => [`${grant.tenantId}/${grant.id}`, grant]));
  const relatives = await readRelatives(tx, recordsOf, rows, records);
  const heritage = await readHeritage(tx, rows, records, relatives);
  const outlooks = rows.map((row) => {
    const record = records.get(recordKey(row));
    const spec = record && grantsOf(record).find(({ grantId }) => grantId === row.grantId)?.spec;
    if (!record || !spec) return undefined;
    const successorId = record.renewed_by?.exception_id ?? '';
    const successor = relatives.get(
      recordKey({ tenantId: row.tenantId, exceptionId: successorId }),
    );
    const own = connections.filter(({ tenantId }) => tenantId === row.tenantId);
    const route = routeOf(
      own.map(({ state }) => state),
      spec,
      record.fields.control,
    );
    return {
      row,
      record,
      spec,
      wanted: wantedOf(record, spec, now, successor),
      connection: own.find(({ state }) => state.name === route?.connection),
      mode: route?.mode ?? 'observe',
      stored: grants.get(`${row.tenantId}/${row.grantId}`),
      takesOverFrom: heritage.get(`${row.tenantId}/${row.grantId}`),
    };
  });
  return withSameAccess(tx, { recordsOf }, outlooks, now);
}

/** The records that some are renewed by, or that they renew. */
async function readRelatives(
  tx: Transaction,
  recordsOf: EnforcementParts['recordsOf'],
  rows: readonly WorkRow[],
  records: RecordMap,
): Promise<RecordMap> {
  const places = rows.flatMap((row) => {
    const record = records.get(recordKey(row));
    const ids = [record?.renewed_by?.exception_id, record?.renews];
    return ids.flatMap((exceptionId) =>
      exceptionId === undefined ? [] : [{ tenantId: row.tenantId, exceptionId }],
    );
  });
  return places.length > 0 ? recordsOf(tx, places) : new Map();
}

/** The grants of predecessors that are over and whose access goes on, by the grant that goes on with it. */
async function readHeritage(
  tx: Transaction,
  rows: readonly WorkRow[],
  records: RecordMap,
  relatives: RecordMap,
): Promise<ReadonlyMap<string, string>> {
  const found = rows.flatMap((row) => {
    const { tenantId, grantId } = row;
    const record = records.get(recordKey(row));
    const before = relatives.get(recordKey({ tenantId, exceptionId: record?.renews ?? '' }));
    const spec = record && grantsOf(record).find((listed) => listed.grantId === grantId)?.spec;
    if (!spec || before?.closed?.reason !== 'renewed') return [];
    const same = grantsOf(before).find((listed) => grantKey(listed.spec) === grantKey(spec));
    return same ? [{ tenantId, grantId: same.grantId, heir: `${tenantId}/${grantId}` }] : [];
  });
  const stored = await readGrants(tx, found);
  const open = new Set(
    stored
      .filter(({ state }) => state.status !== 'removed')
      .map(({ tenantId, id }) => `${tenantId}/${id}`),
  );
  return new Map(
    found
      .filter(({ tenantId, grantId }) => open.has(`${tenantId}/${grantId}`))
      .map(({ heir, grantId }) => [heir, grantId]),
  );
}

/** What follows for a grant now, up to what somebody has to do, and when it is to be looked at again. */
export interface Progress {
  readonly events: readonly GrantEvent[];
  readonly state: GrantState;
  /** What is to be done outside; absent where nothing is. */
  readonly move?: Move;
  /** The predecessor's grant that is to be taken over first. */
  readonly takesOverFrom?: string;
  /** Epoch milliseconds; absent where only a change of the record leads on. */
  readonly dueAt?: number;
}

/** Plans a grant where it is not, follows its route, and takes every move that needs nobody else. */
export function progress(outlook: GrantOutlook, now: number, newId: () => string): Progress {
  const { row, record, spec, wanted, connection, mode, stored, takesOverFrom } = outlook;
  const events: GrantEvent[] = [];
  let state = stored?.state;
  const take = (event: GrantEvent): GrantState => {
    events.push(event);
    state = evolveGrant(state, event, { grantId: row.grantId, at: now, actor: CLOCK });
    return state;
  };
  const route = { mode, ...(connection ? { connection: connection.state.name } : {}) };
  let grant =
    state ??
    take({ type: 'GrantPlanned', data: { exception_id: record.exception_id, spec, ...route } });
  if (grant.mode !== route.mode || grant.connection !== route.connection)
    grant = take({ type: 'GrantRouted', data: route });
  for (;;) {
    const move = nextMove(grant, wanted, surroundingsOf(outlook, now));
    if (!move) return { events, state: grant };
    // What stands there already is taken over before anything is asked of the cloud.
    if (takesOverFrom !== undefined && wanted.presence === 'present' && !grant.call)
      return { events, state: grant, takesOverFrom };
    if (move.at > now) return { events, state: grant, dueAt: move.at };
    const taken = eventsOf(move, grant, wanted, now, newId);
    for (const event of taken) grant = take(event);
    if (taken.length === 0 || move.do.kind === 'call') return { events, state: grant, move };
  }
}

/** What the next move goes by besides the grant and what is wanted. */
export function surroundingsOf({ row, spec }: GrantOutlook, now: number) {
  return { now, keepsEnds: KEEPS_ENDS.has(spec.kind), reads: row.reads, readAt: row.readAt };
}

/** Kinds for which the cloud has an end of its own (reference/azure.md). */
const KEEPS_ENDS: ReadonlySet<string> = new Set([
  'policy-exemption',
  'defender-exemption',
  'public-network-access',
]);

/** Whether a record that has ended waits for its grants to be gone. */
export function awaitsRemoval({ status, removal }: ExceptionState): boolean {
  return status === 'Expired' && removal === undefined;
}
