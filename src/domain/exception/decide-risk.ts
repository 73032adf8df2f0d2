import type { DomainError } from '../errors.ts';
import { requirementText, unmetRequirements } from '../policy/approval-progress.ts';
import type { Requirement } from '../policy/policy.ts';
import { chainPlace } from './chain-place.ts';
import { normalChanges } from './decide-draft.ts';
import { type Decider, type DecisionContext, refuse, refusedFields } from './decision.ts';
import type { ExceptionEvent } from './events.ts';
import { applyEdit } from './evolve.ts';
import type { ExceptionFields } from './fields.ts';
import { fullEnd, owing, requirementsNow } from './owed-review.ts';
import { limitProblems } from './parse-fields.ts';
import { missingByPolicy } from './policy-demands.ts';
import { riskProduct, severity } from './risk.ts';
import { RISK_FACTS } from './risk-facts.ts';
import type { ExceptionState } from './state.ts';

/**
 * The risk of a record in force as it is now. Where it has risen, or the policy asks for somebody who
 * has not approved, a review is owed; where it has not, the record goes on as it is.
 */
export const decideReassess: Decider<'ReassessRisk'> = (state, command, context) => {
  const { reason, risk_review, facts } = command;
  const changes = normalChanges({ ...facts, risk_review }, state.fields);
  const fields = applyEdit(state.fields, changes);
  const refusal = factsRefusal(state, Object.keys(changes), fields, context);
  if (refusal) return refusal;
  const reassessed = { type: 'RiskReassessed' as const, data: { changes, reason } };
  const requirements = requirementsNow(context.policy, state, fields);
  if (!isRaised(state, fields, requirements, context)) return [reassessed];
  return [reassessed, reviewOwed(state, command, requirements, context)];
};

function reviewOwed(
  state: ExceptionState,
  { change_id, reason }: { readonly change_id: string; readonly reason: string },
  requirements: readonly Requirement[],
  { now, policy }: DecisionContext,
): ExceptionEvent {
  const { owed, pending_change } = state;
  // An emergency stays one: its review becomes that of the record as it now is.
  const review = { change_id, kind: owed?.kind ?? ('risk-change' as const), reason };
  const within = policy.risk_change.review_within;
  const times = { since: now, within, end: fullEnd(state) ?? now };
  const voided = (owed ?? pending_change)?.approvals.map(({ by }) => by.name) ?? [];
  const data = owing(state, review, times, requirements);
  const voided_approvals = voided.length > 0 ? { voided_approvals: voided } : {};
  return { type: 'ReviewOwed', data: { ...data, ...voided_approvals } };
}

function factsRefusal(
  state: ExceptionState,
  changed: readonly string[],
  after: ExceptionFields,
  { policy }: DecisionContext,
): DomainError | undefined {
  if (!changed.some((name) => (RISK_FACTS as readonly string[]).includes(name))) {
    return refuse(
      'invalid-request',
      `the record says so already; give at least one of ${RISK_FACTS.join(', ')} as it is now, or comment on what you have looked at`,
    );
  }
  const problems = limitProblems(after);
  if (problems.length > 0) return refusedFields(problems);
  const place = chainPlace(state);
  const known = missingByPolicy(policy, state.fields, place).map(({ path }) => path);
  const facts: readonly string[] = RISK_FACTS;
  const lacking = missingByPolicy(policy, after, place).filter(
    ({ path }) => facts.includes(path) && !known.includes(path),
  );
  if (lacking.length === 0) return undefined;
  const [first] = lacking;
  return refuse('incomplete-record', `${first?.path} ${first?.message}`, lacking);
}

const SEVERITIES = [undefined, 'Low', 'Medium', 'High'] as const;

/** Whether the risk is higher than it was, or somebody is asked for who was not and has not approved. */
function isRaised(
  state: ExceptionState,
  after: ExceptionFields,
  requirements: readonly Requirement[],
  { policy }: DecisionContext,
): boolean {
  const { fields: before, approvals } = state;
  const rank = (fields: ExceptionFields) => SEVERITIES.indexOf(severity(fields));
  const grown = (riskProduct(after) ?? 0) > (riskProduct(before) ?? 0);
  if (grown || rank(after) > rank(before)) return true;
  // What a newer policy asks for whatever the risk is not owed: what was decided stands (ADR 0023).
  const known = new Set(requirementsNow(policy, state, before).map(requirementText));
  return unmetRequirements(requirements, approvals).some(
    (requirement) => !known.has(requirementText(requirement)),
  );
}
