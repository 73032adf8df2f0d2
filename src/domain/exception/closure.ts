import type { ClosureEvidence } from './events.ts';
import type { ExceptionState } from './state.ts';

/**
 * The closure criteria that evidence does not cover: what closing asks for (000 section 4, Closure
 * criteria). None of a record that was revoked: it was not remediated, so it closes on the proof alone.
 */
export function criteriaWithoutEvidence(
  { fields, ended }: ExceptionState,
  evidence: readonly ClosureEvidence[],
) {
  if (ended?.reason === 'revoked') return [];
  const given = new Set(evidence.map(({ criterion }) => criterion));
  return (fields.remediation_plan?.closure_criteria ?? []).filter(({ id }) => !given.has(id));
}

/** Whether closing the record, as it stands, would still ask for evidence. */
export function lacksEvidence(state: ExceptionState): boolean {
  return criteriaWithoutEvidence(state, state.ended?.evidence ?? []).length > 0;
}
