import type pg from 'pg';
import type { Actor } from '../../src/domain/access/actor.ts';
import type { GrantState } from '../../src/domain/enforcement/grant.ts';
import type { GrantEvent } from '../../src/domain/enforcement/grant-events.ts';
import { parseInstant } from '../../src/domain/schedule/instant.ts';
import { grantStream } from '../../src/features/enforcement/grant-store.ts';
import { intentOf } from './intent.ts';
import type { SimulatedClock } from './simulated-database.ts';

/** An event of a grant as it was found. */
export interface FoundGrantEvent {
  readonly event: GrantEvent;
  readonly at: number;
  readonly intent: number | undefined;
  /** The reading that has found it: what came before another is told by it, whatever the clock says. */
  readonly reading: number;
  /** When that was, by the time that never runs back. */
  readonly passed: number;
}

/** One grant as its events tell it. */
export interface FoundGrant {
  readonly tenantId: string;
  readonly id: string;
  readonly events: FoundGrantEvent[];
  state: GrantState;
}

/** The streams of all grants, read beside the product. */
export class GrantMirror {
  readonly #admin: pg.Client;
  readonly #clock: SimulatedClock;
  readonly #grants = new Map<string, FoundGrant>();
  #readings = 0;

  constructor(admin: pg.Client, clock: SimulatedClock) {
    this.#admin = admin;
    this.#clock = clock;
  }

  /** In the order of their ids, which is that of their records. */
  get all(): FoundGrant[] {
    return [...this.#grants.values()];
  }

  find(id: string): FoundGrant | undefined {
    return this.#grants.get(id);
  }

  /** A tenant's rows were replaced by others: the next reading begins anew with it. */
  rewind(tenantId: string): void {
    for (const { id } of this.all.filter((grant) => grant.tenantId === tenantId))
      this.#grants.delete(id);
  }

  /** Reads what is new. */
  async read(): Promise<void> {
    this.#readings += 1;
    const known = this.all;
    const { rows } = await this.#admin.query<GrantRow>(EVENTS, [
      known.map(({ id }) => id),
      known.map(({ events }) => events.length),
    ]);
    for (const row of rows) this.#take(row);
  }

  #take({ tenant_id: tenantId, stream_id: id, payload, envelope: text }: GrantRow): void {
    const envelope = JSON.parse(text) as { type: string; at: string; actor_id: string };
    const { v, actor, data } = JSON.parse(payload) as {
      v: number;
      actor: Omit<Actor, 'id'>;
      data: unknown;
    };
    const event = grantStream.upcast(envelope.type, v, data);
    const at = parseInstant(envelope.at) ?? 0;
    const by = { id: envelope.actor_id, ...actor };
    const before = this.#grants.get(id);
    const state = grantStream.evolve(before?.state, event, {
      ...{ tenantId, streamId: id },
      ...{ at, actor: by },
    });
    const grant = before ?? { tenantId, id, state, events: [] };
    grant.state = state;
    const { passed } = this.#clock;
    const intent = intentOf(actor.name);
    grant.events.push({ event, at, intent, reading: this.#readings, passed });
    this.#grants.set(id, grant);
  }
}

interface GrantRow {
  readonly tenant_id: string;
  readonly stream_id: string;
  readonly payload: string;
  readonly envelope: string;
}

const EVENTS = `SELECT e.tenant_id, e.stream_id, p.payload, convert_from(e.envelope, 'UTF8') AS envelope
  FROM lapse.events e JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
  LEFT JOIN unnest($1::text[], $2::int[]) AS k(id, version) ON k.id = e.stream_id
  WHERE e.stream_type = 'grant' AND e.version > coalesce(k.version, 0)
  ORDER BY e.stream_id, e.version`;
