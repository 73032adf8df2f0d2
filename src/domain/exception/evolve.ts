import type { Actor } from '../access/actor.ts';
import {
  actorReference,
  approval,
  type DataOf,
  type EventContext,
  instant,
} from './event-reading.ts';
import type { ExceptionEvent } from './events.ts';
import {
  escalated,
  madePermanent,
  pendingChange,
  reviewed,
  withoutDecisionDue,
  withoutPendingChange,
} from './evolve-change.ts';
import { closed, expired, reviewFailed, withoutOwed } from './evolve-end.ts';
import { changeApproved, reviewOwed, reviewSettled } from './evolve-owed.ts';
import type { ExceptionEdit, ExceptionFields } from './fields.ts';
import { linkReading } from './link-reading.ts';
import type { ExceptionState } from './state.ts';

/**
 * The record after one more event. Pure: it sees neither policy nor clock, since events hold what
 * was decided (DESIGN section 2, "The decider"). Throws a plain Error on a stream that does not
 * begin with `ExceptionDrafted`, which only a damaged journal can hold.
 */
export function evolve(
  state: ExceptionState | undefined,
  event: ExceptionEvent,
  context: EventContext,
): ExceptionState {
  if (event.type === 'ExceptionDrafted') return drafted(event.data, context);
  if (!state)
    throw new Error(`${context.exceptionId} begins with ${event.type} instead of ExceptionDrafted`);
  return { ...apply(state, event, context), updated_at: context.at };
}

/** The record after an edit: `null` takes a field away. */
export function applyEdit(fields: ExceptionFields, changes: ExceptionEdit): ExceptionFields {
  const merged = Object.entries({ ...fields, ...changes }).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return Object.fromEntries(merged) as ExceptionFields;
}

function drafted(
  data: DataOf<'ExceptionDrafted'>,
  { exceptionId, at, actor }: EventContext,
): ExceptionState {
  return {
    exception_id: exceptionId,
    status: 'Draft',
    fields: data.fields,
    created_at: at,
    created_by: actorReference(actor),
    updated_at: at,
    ...(data.claims ? { claims: data.claims } : {}),
    ...(data.renews ? { renews: data.renews } : {}),
    renewal_number: data.renewal_number,
    ...(data.first_approvers ? { first_approvers: data.first_approvers } : {}),
    ...(data.chain ? { chain: data.chain } : {}),
    contributors: [actorReference(actor)],
    approvals: [],
    reminders: [],
    violations: [],
  };
}

function apply(
  state: ExceptionState,
  event: Exclude<ExceptionEvent, { type: 'ExceptionDrafted' }>,
  context: EventContext,
): ExceptionState {
  const { at, actor } = context;
  switch (event.type) {
    case 'ExceptionEdited':
      return edited(state, event.data, actor);
    case 'ExceptionSubmitted':
      return submitted(state, event.data, context);
    case 'ChangesRequested':
      return { ...withoutRequest(state), status: 'Draft' };
    case 'ApprovalGiven':
      return { ...state, approvals: [...state.approvals, approval(event.data, context)] };
    case 'ExceptionApproved':
      return {
        ...state,
        status: 'Approved',
        approved_at: at,
        effective_from: instant(event.data.effective_from),
        expires_at: instant(event.data.expires_at),
        original_expires_at: instant(event.data.expires_at),
        reminders: event.data.reminders.map(instant),
      };
    case 'ControlsConfirmed':
      return { ...state, controls_confirmed: { by: actorReference(actor), at } };
    case 'ExceptionActivated':
      // Reminders that lie before activation are skipped, not sent late (DESIGN section 1).
      return {
        ...state,
        ...(event.data.decision_due === undefined
          ? {}
          : { decision_due: instant(event.data.decision_due) }),
        status: 'Active',
        activated_at: instant(event.data.activated_at),
        reminders: state.reminders.filter((due) => due > instant(event.data.activated_at)),
      };
    case 'ExceptionExpiring':
      return { ...state, status: 'Expiring' };
    case 'ExtensionRequested':
      return { ...state, pending_change: pendingChange('extension', event.data, context) };
    case 'PermanenceRequested': {
      const { business_case, memo, documented_in, ...asked } = event.data;
      const documents = { business_case, memo, documented_in };
      return { ...state, pending_change: pendingChange('permanence', asked, context, documents) };
    }
    case 'ReviewRequested':
      return { ...state, pending_change: pendingChange('review', event.data, context) };
    case 'PermanenceGranted':
      return madePermanent(state, event.data, at);
    case 'ReviewCompleted':
      return reviewed(state, event.data, at);
    case 'RiskReassessed':
      return { ...state, fields: applyEdit(state.fields, event.data.changes) };
    case 'ReviewOwed':
      return reviewOwed(state, event.data, context);
    case 'ReviewSettled':
      return reviewSettled(state, event.data);
    case 'ReviewFailed':
      return reviewFailed(state, event.data);
    case 'ApprovalEscalated':
      return escalated(state, event.data, at);
    case 'DecisionDemanded':
      return {
        ...withoutDecisionDue(state),
        decision: { due: instant(event.data.due), decide_by: instant(event.data.decide_by) },
      };
    case 'RearchitectureRequired': {
      if (!state.decision) return state;
      const rearchitecture = { by: actorReference(actor), at, reason: event.data.reason };
      return { ...state, decision: { ...state.decision, rearchitecture } };
    }
    case 'ChangeApprovalGiven':
    case 'ExtensionApprovalGiven':
      return changeApproved(state, event.data, context);
    case 'ExceptionExtended':
      return {
        ...withoutPendingChange(state),
        status: 'Extended',
        extended_at: at,
        expires_at: instant(event.data.expires_at),
        reminders: event.data.reminders.map(instant),
      };
    case 'ChangeRejected':
    case 'ExtensionRejected':
      return withoutPendingChange(state);
    case 'RenewalLinked':
      return {
        ...state,
        renewed_by: {
          exception_id: event.data.renewal_id,
          takes_over_at: instant(event.data.takes_over_at),
        },
      };
    case 'RenewalUnlinked':
      return withoutRenewal(state);
    case 'ExceptionExpired':
      return expired(state, event.data);
    case 'RemovalConfirmed':
      return { ...state, removal: { at, grants: event.data.grants } };
    case 'ExceptionClosed':
      return closed(state, event.data, context);
    case 'EvidenceAdded':
      return evidenceAdded(state, event.data, context);
    case 'EvidenceLinkRead':
    case 'EvidenceLinkNotReached':
      return { ...state, link_readings: [...(state.link_readings ?? []), linkReading(event)] };
    case 'ViolationRecorded': {
      const violation = { at, by: actorReference(actor), ...event.data };
      return { ...state, violations: [...state.violations, violation] };
    }
    case 'ExceptionArchived':
      return { ...state, status: 'Archived', archived_at: at };
  }
}

function edited(
  state: ExceptionState,
  data: DataOf<'ExceptionEdited'>,
  actor: Actor,
): ExceptionState {
  const fields = applyEdit(state.fields, data.changes);
  if (data.material.length === 0) return { ...state, fields };
  return { ...state, fields, contributors: withContributor(state.contributors, actor) };
}

/** A request begins anew: whatever an earlier one had brought is void. */
function submitted(
  state: ExceptionState,
  data: DataOf<'ExceptionSubmitted'>,
  { at, actor }: EventContext,
): ExceptionState {
  return {
    ...withoutApproval(state),
    status: 'Under-Review',
    contributors: withContributor(state.contributors, actor),
    request: {
      submitted_at: at,
      submitted_by: actorReference(actor),
      lapses_at: instant(data.lapses_at),
      policy: data.policy,
      statement_digest: data.statement_digest,
      ...(data.places ? { places: data.places } : {}),
      ...(data.escalation ? { escalation: data.escalation } : {}),
      requirements: data.requirements,
      ...(data.break_glass ? { break_glass: data.break_glass } : {}),
    },
  };
}

function withoutApproval(state: ExceptionState): ExceptionState {
  const {
    approved_at,
    effective_from,
    expires_at,
    original_expires_at,
    controls_confirmed,
    ...rest
  } = withoutOwed(state);
  return { ...rest, approvals: [], reminders: [] };
}

function withContributor(
  known: ExceptionState['contributors'],
  actor: Actor,
): ExceptionState['contributors'] {
  return known.some(({ id }) => id === actor.id) ? known : [...known, actorReference(actor)];
}

function evidenceAdded(
  state: ExceptionState,
  { links, files = [] }: DataOf<'EvidenceAdded'>,
  { at, actor }: EventContext,
): ExceptionState {
  const known = state.fields.evidence ?? [];
  const evidence = [...new Set([...known, ...links])];
  const added = files.map((file) => ({ ...file, added_at: at, added_by: actorReference(actor) }));
  return {
    ...state,
    ...(links.length > 0 ? { fields: { ...state.fields, evidence } } : {}),
    ...(added.length > 0 ? { evidence_files: [...(state.evidence_files ?? []), ...added] } : {}),
  };
}

function withoutRenewal({ renewed_by: _, ...state }: ExceptionState): ExceptionState {
  return state;
}

function withoutRequest({ request: _, ...state }: ExceptionState): ExceptionState {
  return { ...state, approvals: [] };
}
