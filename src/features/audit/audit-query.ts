import { beforeUlidsOf } from '../../platform/ids.ts';

/** Which of the audit's events are asked for; times are epoch milliseconds, `to` is not included. */
export interface AuditFilter {
  /** Id of who acted. */
  readonly actor?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A page of the audit. */
export interface AuditPage extends AuditFilter {
  readonly streams: readonly string[];
  /** An event id; those before it follow on a page. */
  readonly before: string | undefined;
  readonly count: number;
}

/** After every ULID, whose first digit is at most 7. */
const END = '8';

// The predicate of the index `events_for_audit` is written out, so that the planner knows it again.
const ROWS = `
  SELECT e.event_id, e.stream_type, e.stream_id, e.envelope, p.payload, l.ledger_index,
    coalesce(person.state->>'name', token.state->>'name') AS name
  FROM lapse.events e
  LEFT JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
  LEFT JOIN lapse.ledger_leaves l USING (tenant_id, stream_type, stream_id, version)
  LEFT JOIN lapse.people person ON e.stream_type = 'person'
    AND person.tenant_id = e.tenant_id AND person.person_id = e.stream_id
  LEFT JOIN lapse.tokens token ON e.stream_type = 'identity'
    AND token.tenant_id = e.tenant_id AND token.token_id = e.stream_id
  WHERE e.tenant_id = $1 AND e.stream_type <> 'exception' AND e.stream_type = ANY($2)
    AND e.event_id >= $3 AND e.event_id < $4
    AND ($5::text IS NULL OR convert_from(e.envelope, 'UTF8')::json->>'actor_id' = $5)
    AND ($6::text[] IS NULL OR convert_from(e.envelope, 'UTF8')::json->>'type' = ANY($6))
  ORDER BY e.event_id DESC LIMIT $7`;

/** The query of a page of the audit, the newest first. */
export function auditQuery(
  tenantId: string,
  { streams, before, count, actor, types, from, to }: AuditPage,
): { readonly text: string; readonly values: readonly unknown[] } {
  const end = to === undefined ? END : beforeUlidsOf(to);
  const values = [
    tenantId,
    streams,
    from === undefined ? '' : beforeUlidsOf(from),
    before === undefined || before > end ? end : before,
    actor ?? null,
    types ?? null,
    count,
  ];
  return { text: ROWS, values };
}
