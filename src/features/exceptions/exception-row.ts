import { canActivate, nextDeadline, nextDue } from '../../domain/exception/advance.ts';
import { stateAt } from '../../domain/exception/catch-up.ts';
import { kindOf } from '../../domain/exception/chain-place.ts';
import { lacksEvidence } from '../../domain/exception/closure.ts';
import { awaitedSince } from '../../domain/exception/escalation.ts';
import { severity } from '../../domain/exception/risk.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { formatInstant, type Instant, parseInstant } from '../../domain/schedule/instant.ts';
import type { StreamState } from '../../journal/stream.ts';

/**
 * The columns of `lapse.exceptions`, and `next_due_at` of its deadline, all of them derived from the
 * state; instants as ISO text.
 */
export function exceptionRow({ tenantId, id, version, state }: StreamState<ExceptionState>) {
  const { fields, ...rest } = state;
  return {
    tenant_id: tenantId,
    exception_id: id,
    version,
    fields,
    state: rest,
    status: state.status,
    kind: kindOf(state),
    title: fields.title,
    category: fields.category ?? null,
    control: fields.control ?? null,
    environment: fields.environment ?? null,
    data_classification: fields.data_classification ?? null,
    severity: severity(fields) ?? null,
    requestor: personKey(fields.requestor) ?? null,
    created_at: formatInstant(state.created_at),
    updated_at: formatInstant(state.updated_at),
    activates_at: column(
      state.status === 'Approved' && canActivate(state) ? state.effective_from : undefined,
    ),
    expiring_at: column(expiringAt(state)),
    expires_at: column(state.expires_at ?? requestedEnd(state)),
    due_at: column(nextDeadline(state)),
    next_due_at: column(nextDue(state)),
    awaited_since: column(awaitedSince(state)),
    hands_over: handsOver(state),
    activated_at: column(state.activated_at),
    renewal_number: state.renewal_number,
    lacks_evidence: lacksEvidence(state),
  };
}

/** A state in the two columns that keep it. */
export interface StateColumns {
  readonly fields: ExceptionState['fields'];
  readonly state: Omit<ExceptionState, 'fields'>;
}

/** The state of a row; what is no state at all is handed on as it is, for the fold to refuse. */
export function stateOf({ fields, state }: StateColumns): ExceptionState {
  return state && { ...state, fields };
}

/** A stored state as it stands at the time of a read, which a clock set back does not undo. */
export function stateNow(state: ExceptionState, now: Instant, policy: Policy): ExceptionState {
  return stateAt(state, Math.max(now, state.updated_at), policy);
}

/** What people search for: names, ids and the reasons given. */
export function searchText({ exception_id, fields, renews }: ExceptionState): string {
  const people = [fields.requestor, ...(fields.owners ?? [])].map(
    (person) => `${person?.name ?? ''} ${person?.email ?? ''}`,
  );
  const lists = [
    fields.services,
    fields.apis,
    fields.models,
    fields.external_ids,
    fields.policy_ref,
  ];
  const parts = [
    exception_id,
    renews,
    fields.title,
    fields.ticket_id,
    fields.adr_id,
    fields.justification,
  ];
  return [...parts, ...people, ...lists.flatMap((list) => list ?? [])].filter(Boolean).join(' ');
}

/** How people are found: by e-mail address where there is one, else by name; lower case. */
export function personKey(
  person: { name: string; email?: string | undefined } | undefined,
): string | undefined {
  return (person?.email ?? person?.name)?.toLowerCase();
}

function expiringAt(state: ExceptionState): Instant | undefined {
  if (state.status !== 'Active' && !(state.status === 'Approved' && canActivate(state)))
    return undefined;
  const from = state.activated_at ?? state.effective_from ?? 0;
  return state.reminders.find((due) => due > from);
}

function requestedEnd(state: ExceptionState): Instant | undefined {
  return state.fields.expires_at === undefined ? undefined : parseInstant(state.fields.expires_at);
}

function handsOver(state: ExceptionState): boolean {
  return (
    state.renewed_by !== undefined && state.renewed_by.takes_over_at <= (state.expires_at ?? 0)
  );
}

function column(instant: Instant | undefined): string {
  return instant === undefined ? 'infinity' : formatInstant(instant);
}
