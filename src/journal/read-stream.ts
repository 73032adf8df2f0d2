import type { Actor } from '../domain/access/actor.ts';
import type { Envelope } from '../domain/ledger/envelope.ts';
import { parseInstant } from '../domain/schedule/instant.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import type { Payload } from './event-codec.ts';

/** One event of a stream with what it holds and where it stands in the ledger. */
export interface RecordedEvent {
  readonly event_id: string;
  readonly version: number;
  readonly type: string;
  readonly event_version: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actor: Actor;
  readonly data: unknown;
  /** Position in the tenant's ledger; null until the sequencer has taken it in. */
  readonly ledger_index: number | null;
}

/** The events of a stream in order, up to a version where one is given. Empty for an unknown stream. */
export async function readStream(
  tx: Transaction,
  tenantId: string,
  streamType: string,
  streamId: string,
  upTo = 2_147_483_647,
): Promise<RecordedEvent[]> {
  const rows = await tx.query<{
    version: number;
    event_id: string;
    envelope: Buffer;
    payload: string;
    ledger_index: number | null;
  }>(
    `SELECT e.version, e.event_id, e.envelope, p.payload, l.ledger_index
     FROM lapse.events e
     JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
     LEFT JOIN lapse.ledger_leaves l USING (tenant_id, stream_type, stream_id, version)
     WHERE e.tenant_id = $1 AND e.stream_type = $2 AND e.stream_id = $3 AND e.version <= $4
     ORDER BY e.version`,
    [tenantId, streamType, streamId, upTo],
  );
  return rows.map(({ version, event_id, envelope, payload, ledger_index }) => {
    // Written by us and checked by verification: parsed without checking each field again.
    const { type, at, actor_id } = JSON.parse(envelope.toString('utf8')) as Envelope;
    const { v, actor, data } = JSON.parse(payload) as Payload;
    return {
      event_id,
      version,
      type,
      event_version: v,
      at: parseInstant(at) ?? 0,
      actor: { id: actor_id, ...actor },
      data,
      ledger_index,
    };
  });
}
