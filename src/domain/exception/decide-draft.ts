import { DomainError, type FieldError } from '../errors.ts';
import { addText, evaluatePolicy } from '../policy/evaluate.ts';
import { formatInstant } from '../schedule/instant.ts';
import { missingForRequest } from './completeness.ts';
import {
  type CommandOf,
  type Decider,
  type Decision,
  type DecisionContext,
  refuse,
} from './decision.ts';
import { applyEdit } from './evolve.ts';
import type { ExceptionEdit, ExceptionFields, FieldName } from './fields.ts';
import { contradictions } from './parse-fields.ts';
import { isMaterial, statementDigest } from './statement.ts';
import type { Status } from './status.ts';
import { endIfApproved } from './time-limits.ts';

const BEFORE_FORCE: ReadonlySet<Status> = new Set<Status>(['Draft', 'Under-Review', 'Approved']);

/** A new record. Also what an import makes: what a file claims of status and approvals stays a claim. */
export function decideDraft(
  command: CommandOf<'DraftException' | 'DraftRenewal'>,
  context: DecisionContext,
): Decision {
  const problems = fieldProblems(command.fields, context);
  if (problems.length > 0) return invalid(problems);
  const fields = normal(command.fields);
  const data =
    command.type === 'DraftRenewal'
      ? { fields, renews: command.renews, renewal_number: command.renewal_number }
      : { fields, renewal_number: 0, ...(command.claims ? { claims: command.claims } : {}) };
  return [{ type: 'ExceptionDrafted', data }];
}

/** An edit; of a material field it voids approvals, and none is possible while in force. */
export const decideEdit: Decider<'EditException'> = (state, command, context) => {
  const changes = normalChanges(command.changes, state.fields, context);
  if (changes instanceof DomainError) return changes;
  const material = (Object.keys(changes) as FieldName[]).filter(isMaterial);
  const fixed = !BEFORE_FORCE.has(state.status);
  if (fixed && material.length > 0) {
    return refuse(
      'wrong-state',
      `${material.join(', ')} cannot be edited while the exception is ${state.status}: what was approved stands; ask for an extension, a renewal, or a new exception`,
      material.map((path) => ({ path, message: `is fixed while ${state.status}` })),
    );
  }
  const fields = applyEdit(state.fields, changes);
  const problems = fieldProblems(fields, context, material.length > 0);
  if (problems.length > 0) return invalid(problems);
  if (Object.keys(changes).length === 0) return [];
  const voided = material.length > 0 ? state.approvals.map((approval) => approval.by.name) : [];
  const event = {
    type: 'ExceptionEdited' as const,
    data: { changes, material, voided_approvals: voided },
  };
  if (state.status === 'Draft' || material.length === 0) return [event];
  const missing = missingForRequest(fields);
  if (missing.length > 0)
    return refuse(
      'incomplete-record',
      'a request must stay complete while it is reviewed',
      missing,
    );
  // What is approved has changed, so the request stands anew: earlier approvals say nothing of it.
  return [event, submission(fields, context)];
};

/** A request: complete, within the policy's time, with the approvals that it needs written down. */
export const decideSubmit: Decider<'SubmitException'> = (state, _, context) => {
  const missing = missingForRequest(state.fields);
  if (missing.length > 0) {
    const names = missing.map((error) => error.path).join(', ');
    return refuse(
      'incomplete-record',
      `the request lacks ${names}; add them with an edit and submit again`,
      missing,
    );
  }
  const end = endIfApproved(state.fields, context.now, context.policy);
  if (Array.isArray(end)) return invalid(end, 'end-refused');
  return [submission(state.fields, context)];
};

function submission(fields: ExceptionFields, { now, policy }: DecisionContext) {
  return {
    type: 'ExceptionSubmitted' as const,
    data: {
      requirements: evaluatePolicy(policy, fields).requirements,
      policy: policy.id,
      statement_digest: statementDigest(fields),
      lapses_at: formatInstant(addText(now, policy.undecided_after)),
    },
  };
}

function fieldProblems(
  fields: ExceptionFields,
  context: DecisionContext,
  checkEnd = true,
): FieldError[] {
  const problems = contradictions(fields);
  if (fields.tenant_org !== undefined && fields.tenant_org !== context.tenantId) {
    problems.push(foreignTenant(context));
  }
  if (problems.length > 0 || !checkEnd) return problems;
  const end = endIfApproved(fields, context.now, context.policy);
  return Array.isArray(end) ? end : [];
}

/** Without what Lapse derives: the tenant, and a score that likelihood and impact already give. */
function normal({ tenant_org: _, ...fields }: ExceptionFields): ExceptionFields {
  if (!fields.likelihood || !fields.impact) return fields;
  const { risk_score: __, ...rest } = fields;
  return rest;
}

/** The changes that change something, in the form that `normal` gives a draft. */
function normalChanges(
  changes: ExceptionEdit,
  fields: ExceptionFields,
  context: DecisionContext,
): ExceptionEdit | DomainError {
  const { tenant_org: tenant, ...rest } = changes;
  if (tenant && tenant !== context.tenantId) return invalid([foreignTenant(context)]);
  const merged = applyEdit(fields, rest);
  const problems = contradictions(merged);
  if (problems.length > 0) return invalid(problems);
  if (merged.likelihood && merged.impact && rest.risk_score) delete rest.risk_score;
  const differs = ([name, value]: [string, unknown]) =>
    JSON.stringify(value ?? null) !== JSON.stringify(fields[name as FieldName] ?? null);
  return Object.fromEntries(Object.entries(rest).filter(differs)) as ExceptionEdit;
}

function foreignTenant({ tenantId }: DecisionContext): FieldError {
  return {
    path: 'tenant_org',
    message: `is not your tenant (${tenantId}); leave it out, Lapse sets it`,
  };
}

function invalid(
  errors: readonly FieldError[],
  code: 'invalid-record' | 'end-refused' = 'invalid-record',
): DomainError {
  const first = errors[0];
  return refuse(code, first ? `${first.path} ${first.message}` : 'the record is not valid', errors);
}
