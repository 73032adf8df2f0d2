import { createHash } from 'node:crypto';
import { type AlertEvent, type AlertState, evolveAlert } from '../../domain/circumvention/alert.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** The stream of one alert, and its row. */
export const alertStream: StreamKind<AlertState, AlertEvent> = {
  type: 'alert',
  ...knownEvents<AlertEvent>({ AlertRaised: 1, AlertConfirmed: 1, AlertAnswered: 1 }),
  evolve: (state, event, { streamId, at, actor }) =>
    evolveAlert(state, event, { alertId: streamId, at, actor }),
  write,
  tables: [
    {
      table: 'alerts',
      id: 'alert_id',
      columns: ['version', 'state', 'kind', 'exception_id', 'resource_key', 'answered'],
    },
  ],
  project(stream): ProjectedRow[][] {
    const { version, state, kind, exception_id, resource_key, answered } = rowOf(stream);
    return [[[String(version), state, kind, exception_id, resource_key, answered ? 't' : 'f']]];
  },
};

function rowOf({ tenantId, id, version, state }: StreamState<AlertState>) {
  return {
    tenant_id: tenantId,
    alert_id: id,
    version,
    state,
    kind: state.kind,
    exception_id: state.exception_id ?? null,
    resource_key: resourceKey(state.resource_id),
    answered: state.answered !== undefined,
  };
}

function write(tx: Transaction, changes: readonly StreamChange<AlertState>[]): void {
  tx.atCommit(
    `INSERT INTO lapse.alerts (tenant_id, alert_id, version, state, kind, exception_id, resource_key, answered)
     SELECT tenant_id, alert_id, version, state, kind, exception_id, resource_key, answered
     FROM json_to_recordset($1::json) AS r(tenant_id text, alert_id text, version int, state json, kind text,
       exception_id text, resource_key text, answered boolean)
     ON CONFLICT (tenant_id, alert_id) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state,
       answered = EXCLUDED.answered`,
    [JSON.stringify(changes.map(rowOf))],
  );
}

/** How a resource's alerts are found, in whatever case it is written. */
function resourceKey(resourceId: string): string {
  return createHash('sha256').update(resourceId.toLowerCase()).digest('hex');
}

/** The columns that hold an alert's stream. */
export type AlertColumns = Record<string, unknown> & {
  readonly tenant_id: string;
  readonly alert_id: string;
  readonly version: number;
  readonly state: AlertState;
};

/** The stream of a row. */
export function alertOf({ tenant_id, alert_id, version, state }: AlertColumns) {
  return { tenantId: tenant_id, id: alert_id, version, state };
}

/** The last alerts of a resource, the newest first; a hundred of one operation would be a flood. */
export async function readAlertsOf(
  tx: Transaction,
  tenantId: string,
  resourceId: string,
): Promise<StreamState<AlertState>[]> {
  const rows = await tx.query<AlertColumns>(
    `SELECT tenant_id, alert_id, version, state FROM lapse.alerts
     WHERE tenant_id = $1 AND resource_key = $2 ORDER BY alert_id DESC LIMIT 100`,
    [tenantId, resourceKey(resourceId)],
  );
  return rows.map(alertOf);
}
