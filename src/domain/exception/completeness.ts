import type { FieldError } from '../errors.ts';
import type { ExceptionFields, FieldName } from './fields.ts';

/**
 * Fields that a request needs: those that 000 section 3.1 marks "Yes", save what Lapse sets itself
 * (id, tenant, end, approvals, status) and `evidence`, which closing asks for; and `expiry_actions`
 * (002, "Document Expiry Actions").
 */
const REQUIRED: readonly (readonly [FieldName, string])[] = [
  ['category', 'authz, network, data, ai, release, vendor or other'],
  ['policy_ref', 'a link to each rule that is not followed'],
  ['adr_id', 'the decision record, for example ADR-0217'],
  ['requestor', 'a name, and an e-mail address where there is one'],
  ['environment', 'dev, staging or prod'],
  ['data_classification', 'public, internal, restricted or confidential'],
  ['threat_model_link', 'a link to the entry of the threat model'],
  ['stride', 'S, T, R, I, D or E'],
  ['likelihood', 'Low, Medium or High'],
  ['impact', 'Low, Medium, High or Critical'],
  ['compensating_controls', 'what limits the risk meanwhile'],
  ['telemetry', 'dashboards, alerts, metrics or traces that watch it'],
  ['effective_from', 'an instant; one in the past means from approval'],
  ['remediation_plan', 'how the exception becomes unnecessary'],
  ['owners', 'at least one person who answers for it'],
  ['expiry_actions', 'what happens at the end, and why that is fine'],
];

const RENEWAL: readonly (readonly [FieldName, string])[] = [
  ['justification', 'why it is still needed, and what has changed'],
  ['risk_review', 'the risk as it is assessed now'],
];

/** What a draft lacks before it can be submitted, each with what would pass; empty when complete. */
export function missingForRequest(fields: ExceptionFields): FieldError[] {
  const missing: FieldError[] = REQUIRED.filter(([name]) => isEmpty(fields[name])).map(
    ([name, passes]) => ({
      path: name,
      message: `is required for a request: ${passes}`,
    }),
  );
  if (!isEmpty(fields.remediation_plan) && isEmpty(fields.remediation_plan?.closure_criteria)) {
    missing.push({
      path: 'remediation_plan.closure_criteria',
      message: 'is required for a request: at least one criterion that shows when it is done',
    });
  }
  return missing;
}

/** What a renewal lacks besides: it is justified and assessed anew (002, Time-boxing). */
export function missingForRenewal(fields: ExceptionFields): FieldError[] {
  return RENEWAL.filter(([name]) => isEmpty(fields[name])).map(([name, passes]) => ({
    path: name,
    message: `is required for a renewal: ${passes}`,
  }));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.values(value).every(isEmpty);
}
