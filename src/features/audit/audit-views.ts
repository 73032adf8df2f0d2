import type { Actor } from '../../domain/access/actor.ts';
import type { Envelope } from '../../domain/ledger/envelope.ts';
import type { Payload } from '../../journal/event-codec.ts';
import type { Database } from '../../platform/db/transaction.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { timeOfUlid } from '../../platform/ids.ts';
import { type AuditFilter, auditQuery } from './audit-query.ts';

/** One event of the audit. */
export interface AuditEvent {
  readonly event_id: string;
  /** Epoch milliseconds, real time: when it was written. */
  readonly recorded_at: number;
  /** RFC 3339: what the ledger says. */
  readonly at: string;
  readonly type: string;
  readonly actor: Actor;
  /** What it happened to, and its name where it has one. */
  readonly subject: { readonly type: string; readonly id: string; readonly name: string | null };
  /** Null where the content has gone with its retention. */
  readonly data: Readonly<Record<string, unknown>> | null;
  /** Place in the ledger; null until the sequencer has taken it in. */
  readonly ledger_index: number | null;
}

/** Reads who signed in, who was refused, and what was administered, out of the ledger's events. */
export class AuditViews {
  readonly #db: Database;
  readonly #streams: readonly string[];

  /** @param streams the types of the streams that the audit shows; none of them is `exception` */
  constructor(db: Database, streams: readonly string[]) {
    this.#db = db;
    this.#streams = streams;
  }

  /** A page of the events, the newest first, in the order in which they were written. */
  list(tenantId: string, filter: AuditFilter, page: PageRequest): Promise<IdPage<AuditEvent>> {
    return this.#db.inTenant(tenantId, (tx) =>
      readPage(
        'audit',
        page,
        ({ event_id }) => event_id,
        async (after, count) => {
          const wanted = { ...filter, streams: this.#streams, before: after, count };
          const { text, values } = auditQuery(tenantId, wanted);
          return (await tx.query<AuditRow>(text, values)).map(toEvent);
        },
      ),
    );
  }
}

interface AuditRow {
  readonly event_id: string;
  readonly stream_type: string;
  readonly stream_id: string;
  readonly envelope: Buffer;
  readonly payload: string | null;
  readonly ledger_index: number | null;
  readonly name: string | null;
  readonly [column: string]: unknown;
}

function toEvent(row: AuditRow): AuditEvent {
  const { event_id, stream_type, stream_id, envelope, payload, ledger_index, name } = row;
  const { at, type, actor_id } = JSON.parse(envelope.toString('utf8')) as Envelope;
  const { actor, data } = contentOf(payload);
  return {
    event_id,
    recorded_at: timeOfUlid(event_id),
    at,
    type,
    actor: { id: actor_id, ...actor },
    subject: { type: stream_type, id: stream_id, name },
    data,
    ledger_index,
  };
}

function contentOf(payload: string | null) {
  if (payload === null) return { actor: { name: '', role: 'system' as const }, data: null };
  const { actor, data } = JSON.parse(payload) as Payload;
  // What a secret is recognised by is of no use to whoever audits.
  const { secret_sha256: _, ...shown } = data as Record<string, unknown>;
  return { actor, data: shown };
}
