import type { Snapshot } from '../platform/db/snapshot.ts';
import { type Findings, KEPT_FINDINGS } from './verify-findings.ts';

/** An event that has no leaf. */
export interface WaitingEvent {
  readonly eventId: string;
  readonly streamType: string;
  readonly streamId: string;
  readonly version: number;
}

/**
 * Tells events that rightly wait for the sequencer from those that it will never take in, or has
 * left out though it ran. Answers how many wait rightly.
 */
export async function checkWaiting(
  reader: Snapshot,
  tenantId: string,
  events: readonly WaitingEvent[],
  waitedBefore: ReadonlySet<string>,
  findings: Findings,
): Promise<number> {
  if (events.length === 0) return 0;
  const rows = await reader.query<{ event_id: string }>(
    'SELECT event_id FROM lapse.ledger_pending WHERE tenant_id = $1 AND event_id = ANY($2)',
    [tenantId, events.map((event) => event.eventId)],
  );
  const pending = new Set(rows.map((row) => row.event_id));
  let waiting = 0;
  for (const { eventId, streamType, streamId, version } of events) {
    const place = { stream: `${streamType}:${streamId}`, version };
    if (!pending.has(eventId)) {
      const message = 'the event is committed but neither in the tree nor waiting for it';
      findings.add({ code: 'event-unsequenced', message, ...place });
    } else if (waitedBefore.has(eventId)) {
      const message = 'the event still waits although the sequencer has run';
      findings.add({ code: 'event-pending', message, ...place });
    } else {
      waiting += 1;
    }
  }
  return waiting;
}

/** Leaves, and rows that wait for the sequencer, whose events are gone. `found` leaves have theirs. */
export async function findLostEvents(
  reader: Snapshot,
  tenantId: string,
  found: number,
  findings: Findings,
): Promise<void> {
  const [leaves] = await reader.query<{ count: number }>(
    'SELECT count(*) FROM lapse.ledger_leaves WHERE tenant_id = $1',
    [tenantId],
  );
  if (leaves?.count !== found) await namesLeavesWithoutEvent(reader, tenantId, findings);
  const pending = await reader.query<{ event_id: string }>(
    `SELECT p.event_id FROM lapse.ledger_pending p WHERE p.tenant_id = $1 AND NOT EXISTS (
       SELECT FROM lapse.events e WHERE e.tenant_id = $1 AND e.event_id = p.event_id)
     ORDER BY p.position LIMIT ${KEPT_FINDINGS}`,
    [tenantId],
  );
  for (const { event_id } of pending) {
    const message = `event ${event_id} waits for the sequencer but is gone`;
    findings.add({ code: 'pending-without-event', message });
  }
}

async function namesLeavesWithoutEvent(reader: Snapshot, tenantId: string, findings: Findings) {
  const rows = await reader.query<{
    ledger_index: number;
    stream_type: string;
    stream_id: string;
    version: number;
  }>(
    `SELECT ledger_index, stream_type, stream_id, version FROM lapse.ledger_leaves l
     WHERE tenant_id = $1 AND NOT EXISTS (SELECT FROM lapse.events e WHERE e.tenant_id = $1
       AND (e.stream_type, e.stream_id, e.version) = (l.stream_type, l.stream_id, l.version))
     ORDER BY l.ledger_index LIMIT ${KEPT_FINDINGS}`,
    [tenantId],
  );
  for (const { ledger_index: index, stream_type, stream_id, version } of rows) {
    const stream = `${stream_type}:${stream_id}`;
    const message = `version ${version} of ${stream} is in the tree but its envelope is gone`;
    findings.add({ code: 'event-missing', message, index, stream, version });
  }
}
