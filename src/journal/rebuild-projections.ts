import type { Envelope } from '../domain/ledger/envelope.ts';
import { parseInstant } from '../domain/schedule/instant.ts';
import type { WholeTransaction } from '../platform/db/whole-transaction.ts';
import type { Payload } from './event-codec.ts';
import type { AnyStreamKind, StreamChange } from './stream.ts';

interface EventRow {
  readonly stream_type: string;
  readonly stream_id: string;
  readonly version: number;
  readonly envelope: Buffer;
  readonly payload: string | null;
}

/** Events of one statement. */
const PAGE = 2_000;

const EVENTS = `SELECT e.stream_type, e.stream_id, e.version, e.envelope, p.payload
  FROM lapse.events e LEFT JOIN lapse.event_payloads p ON p.tenant_id = e.tenant_id
    AND p.stream_type = e.stream_type AND p.stream_id = e.stream_id AND p.version = e.version
  WHERE e.tenant_id = $1 AND (e.stream_type, e.stream_id, e.version) > ($2, $3, $4)
  ORDER BY e.stream_type, e.stream_id, e.version LIMIT ${PAGE}`;

/**
 * Writes a tenant's projections anew by folding every stream, as the commands themselves did. The
 * tables that they fill have to be empty. A stream that cannot be folded gets no row: verification,
 * which follows, names the event that does not fit.
 *
 * `onEvents` is told how many events have been folded so far.
 */
export async function rebuildProjections(
  tx: WholeTransaction,
  tenantId: string,
  kinds: readonly AnyStreamKind[],
  onEvents: (count: number) => void,
): Promise<void> {
  const known = new Map(kinds.map((kind) => [kind.type, kind]));
  let after = ['', '', 0] as readonly [string, string, number];
  let stream: FoldingStream | undefined;
  let folded: FoldingStream[] = [];
  let count = 0;
  for (;;) {
    const page = await tx.query<EventRow>(EVENTS, [tenantId, ...after]);
    for (const row of page) {
      if (stream?.id !== row.stream_id || stream.type !== row.stream_type) {
        if (stream) folded.push(stream);
        stream = new FoldingStream(tenantId, row, known.get(row.stream_type));
      }
      stream.take(row);
      after = [row.stream_type, row.stream_id, row.version];
    }
    if (page.length < PAGE && stream) folded.push(stream);
    await writeAll(tx, folded);
    folded = [];
    count += page.length;
    onEvents(count);
    if (page.length < PAGE) return;
  }
}

async function writeAll(tx: WholeTransaction, streams: readonly FoldingStream[]): Promise<void> {
  for (const [kind, sound] of Map.groupBy(streams, (stream) => stream.kind)) {
    const changes = sound.flatMap((stream) => stream.change());
    if (changes.length > 0) kind?.write(tx, changes);
  }
  await tx.flush();
}

/** A stream while its events arrive. */
class FoldingStream {
  readonly type: string;
  readonly id: string;
  readonly kind: AnyStreamKind | undefined;
  readonly #tenantId: string;
  #version = 0;
  #state: unknown;
  #isBroken: boolean;

  constructor(tenantId: string, row: EventRow, kind: AnyStreamKind | undefined) {
    this.#tenantId = tenantId;
    this.type = row.stream_type;
    this.id = row.stream_id;
    this.kind = kind;
    this.#isBroken = kind === undefined;
  }

  take({ version, envelope, payload }: EventRow): void {
    if (this.#isBroken || !this.kind) return;
    try {
      const { type, at: instant, actor_id } = JSON.parse(envelope.toString('utf8')) as Envelope;
      const { v, actor, data } = JSON.parse(payload ?? '') as Payload;
      const context = {
        tenantId: this.#tenantId,
        streamId: this.id,
        at: parseInstant(instant) ?? 0,
        actor: { id: actor_id, ...actor },
      };
      this.#state = this.kind.evolve(this.#state, this.kind.upcast(type, v, data), context);
      this.#version = version;
    } catch {
      this.#isBroken = true;
    }
  }

  /** What to write, as of a stream that is new; nothing where it could not be folded. */
  change(): StreamChange<unknown>[] {
    if (this.#isBroken) return [];
    const { id } = this;
    const [tenantId, version, state] = [this.#tenantId, this.#version, this.#state];
    return [{ tenantId, id, version, state, previous: undefined }];
  }
}
