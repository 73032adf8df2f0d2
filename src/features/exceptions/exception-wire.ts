import type { Delegate } from '../../domain/delegation/people.ts';
import { isInForce, nextDeadline } from '../../domain/exception/advance.ts';
import { awaitedDecision } from '../../domain/exception/awaited-approvals.ts';
import { kindOf } from '../../domain/exception/chain-place.ts';
import { awaitedSince } from '../../domain/exception/escalation.ts';
import { riskScore, severity } from '../../domain/exception/risk.ts';
import type { Approval, ExceptionState, LinkReading } from '../../domain/exception/state.ts';
import type { SuggestedApprovers } from '../../domain/exception/suggested-approvers.ts';
import { formatInstant, type Instant, wholeDays } from '../../domain/schedule/instant.ts';
import type { ExceptionAnswer, OneException } from './exception-schemas.ts';

/** A record in the form that the API answers with, as it stands at `now`. */
export function toAnswer(
  state: ExceptionState,
  version: number,
  tenantId: string,
  now: Instant,
): ExceptionAnswer {
  const { fields, request, closed } = state;
  return {
    ...fields,
    ...fixedTimes(state),
    risk_score: fields.risk_score ?? riskScore(fields),
    exception_id: state.exception_id,
    revision: version,
    status: state.status,
    kind: kindOf(state),
    tenant_org: tenantId,
    severity: severity(fields) ?? null,
    in_force: isInForce(state, now),
    overdue: state.status === 'Expired',
    age_days: state.activated_at === undefined ? null : wholeDays(state.activated_at, now),
    created_at: formatInstant(state.created_at),
    created_by: state.created_by,
    updated_at: formatInstant(state.updated_at),
    submitted_at: time(request?.submitted_at),
    lapses_at: state.status === 'Under-Review' ? time(request?.lapses_at) : null,
    awaited_since: time(awaitedSince(state)),
    escalations: escalationAnswers(state),
    policy: request?.policy ?? null,
    requirements: [...(request?.requirements ?? [])],
    approvals: state.approvals.map(approvalAnswer),
    claims: claimsAnswer(state),
    approved_at: time(state.approved_at),
    original_expires_at: time(state.original_expires_at),
    controls_confirmed: state.controls_confirmed
      ? { by: state.controls_confirmed.by, at: formatInstant(state.controls_confirmed.at) }
      : null,
    activated_at: time(state.activated_at),
    next_deadline: time(nextDeadline(state)),
    reminders: state.reminders.map(formatInstant),
    extended_at: time(state.extended_at),
    pending_change: pendingAnswer(state),
    break_glass: request?.break_glass ?? null,
    owed: owedAnswer(state),
    permanence: permanenceAnswer(state),
    decision: decisionAnswer(state),
    renews: state.renews ?? null,
    renewal_number: state.renewal_number,
    renewed_by: state.renewed_by?.exception_id ?? null,
    ended_at: time(state.ended?.at),
    ended_note: state.ended?.note ?? null,
    closed: closed
      ? {
          at: formatInstant(closed.at),
          by: closed.by,
          reason: closed.reason,
          note: closed.note ?? null,
          evidence: [...closed.evidence],
          archives_at: formatInstant(closed.archives_at),
        }
      : null,
    archived_at: time(state.archived_at),
    evidence_files: (state.evidence_files ?? []).map((file) => ({
      ...file,
      added_at: formatInstant(file.added_at),
    })),
    link_readings: (state.link_readings ?? []).map(linkReadingAnswer),
    violations: state.violations.map((violation) => ({
      ...violation,
      at: formatInstant(violation.at),
    })),
  };
}

/** Who can fill what waits; nothing where nobody has looked, or nothing waits. */
export function suggestionsAnswer(
  suggested: readonly SuggestedApprovers[] = [],
): Pick<OneException, 'suggested_approvers'> {
  if (suggested.length === 0) return {};
  return {
    suggested_approvers: suggested.map(({ requirement, approvers, others }) => ({
      requirement,
      approvers: approvers.map(({ delegates, ...approver }) => ({
        ...approver,
        delegates: delegates.map(delegateAnswer),
      })),
      others,
    })),
  };
}

/** Somebody who acts for another. */
export function delegateAnswer({ until, ...delegate }: Delegate) {
  return { ...delegate, until: formatInstant(until) };
}

/** The times that approval fixed, in place of those that were asked for. */
function fixedTimes(state: ExceptionState): { effective_from?: string; expires_at?: string } {
  if (state.effective_from === undefined || state.expires_at === undefined) return {};
  return {
    effective_from: formatInstant(state.effective_from),
    expires_at: formatInstant(state.expires_at),
  };
}

function claimsAnswer({ claims }: ExceptionState): ExceptionAnswer['claims'] {
  if (!claims) return null;
  const { approvals, ...rest } = claims;
  return approvals ? { ...rest, approvals: [...approvals] } : rest;
}

function pendingAnswer({
  pending_change: pending,
}: ExceptionState): ExceptionAnswer['pending_change'] {
  if (!pending) return null;
  const { documents, escalation: _, escalations: __, ...rest } = pending;
  return {
    ...rest,
    ...documents,
    expires_at: formatInstant(pending.expires_at),
    requested_at: formatInstant(pending.requested_at),
    requirements: [...pending.requirements],
    approvals: pending.approvals.map(approvalAnswer),
  };
}

function owedAnswer({ owed }: ExceptionState): ExceptionAnswer['owed'] {
  if (!owed) return null;
  return {
    ...owed,
    by: formatInstant(owed.by),
    expires_at: formatInstant(owed.expires_at),
    requested_at: formatInstant(owed.requested_at),
    requirements: [...owed.requirements],
    approvals: owed.approvals.map(approvalAnswer),
  };
}

function escalationAnswers(state: ExceptionState): ExceptionAnswer['escalations'] {
  return (awaitedDecision(state)?.escalations ?? []).map(({ to, due, at, waits_since }) => ({
    to,
    due: formatInstant(due),
    at: formatInstant(at),
    waits_since: formatInstant(waits_since),
  }));
}

function permanenceAnswer({ permanence }: ExceptionState): ExceptionAnswer['permanence'] {
  if (!permanence) return null;
  const { granted_at, reviewed_at, ...rest } = permanence;
  return { ...rest, granted_at: formatInstant(granted_at), reviewed_at: time(reviewed_at) };
}

function decisionAnswer({ decision }: ExceptionState): ExceptionAnswer['decision'] {
  if (!decision) return null;
  const { due, decide_by, rearchitecture: made } = decision;
  return {
    due: formatInstant(due),
    decide_by: formatInstant(decide_by),
    rearchitecture: made ? { ...made, at: formatInstant(made.at) } : null,
  };
}

function linkReadingAnswer({ link, at, ...found }: LinkReading) {
  const { digest = null, size = null, type = null, status = null, reason = null } = found;
  return { link, at: formatInstant(at), digest, size, type, status, reason };
}

function approvalAnswer({ ends_by, ...approval }: Approval) {
  const end = ends_by === undefined ? {} : { ends_by: formatInstant(ends_by) };
  return { ...approval, ...end, at: formatInstant(approval.at) };
}

function time(instant: Instant | undefined): string | null {
  return instant === undefined ? null : formatInstant(instant);
}
