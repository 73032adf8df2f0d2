import type { DomainError } from '../errors.ts';
import { addText, evaluatePolicy } from '../policy/evaluate.ts';
import { formatInstant } from '../schedule/instant.ts';
import { missingForRequest } from './completeness.ts';
import {
  type CommandOf,
  type Decider,
  type Decision,
  type DecisionContext,
  refuse,
  refusedFields,
} from './decision.ts';
import { applyEdit } from './evolve.ts';
import type { ExceptionEdit, ExceptionFields, FieldName } from './fields.ts';
import { contradictions, limitProblems } from './parse-fields.ts';
import { riskScore } from './risk.ts';
import type { ExceptionState } from './state.ts';
import { isMaterial, statementDigest } from './statement.ts';
import type { Status } from './status.ts';
import { endIfApproved } from './time-limits.ts';

const BEFORE_FORCE: ReadonlySet<Status> = new Set<Status>(['Draft', 'Under-Review', 'Approved']);

/** A new record. Also what an import makes: what a file claims of status and approvals stays a claim. */
export function decideDraft(
  command: CommandOf<'DraftException' | 'DraftRenewal'>,
  context: DecisionContext,
): Decision {
  const refusal =
    foreignTenant(command.fields.tenant_org, context) ?? fieldRefusal(command.fields, context);
  if (refusal) return refusal;
  const fields = normal(command.fields);
  const data =
    command.type === 'DraftRenewal'
      ? { fields, renews: command.renews, renewal_number: command.renewal_number }
      : { fields, renewal_number: 0, ...(command.claims ? { claims: command.claims } : {}) };
  return [{ type: 'ExceptionDrafted', data }];
}

/**
 * An edit; of a material field it voids approvals, and none is possible while in force. Whatever is
 * edited, what a request needs stays there once it was submitted.
 */
export const decideEdit: Decider<'EditException'> = (state, command, context) => {
  const foreign = foreignTenant(command.changes.tenant_org, context);
  if (foreign) return foreign;
  const changes = normalChanges(command.changes, state.fields);
  if (Object.keys(changes).length === 0) return [];
  const material = (Object.keys(changes) as FieldName[]).filter(isMaterial);
  if (material.length > 0 && !BEFORE_FORCE.has(state.status)) {
    return refuse(
      'wrong-state',
      `${material.join(', ')} cannot be edited while the exception is ${state.status}: what was approved stands; ask for an extension, a renewal, or a new exception`,
      material.map((path) => ({ path, message: `is fixed while ${state.status}` })),
    );
  }
  const fields = applyEdit(state.fields, changes);
  const refusal =
    fieldRefusal(fields, context, material.length > 0) ??
    incompleteRefusal(state, fields, material.length > 0);
  if (refusal) return refusal;
  const voided = material.length > 0 ? state.approvals.map((approval) => approval.by.name) : [];
  const event = {
    type: 'ExceptionEdited' as const,
    data: { changes, material, voided_approvals: voided },
  };
  if (state.status === 'Draft' || material.length === 0) return [event];
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
  if (Array.isArray(end)) return refusedFields(end, 'end-refused');
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

/** Why a record cannot have these fields; `undefined` where it can. */
function fieldRefusal(
  fields: ExceptionFields,
  context: DecisionContext,
  checkEnd = true,
): DomainError | undefined {
  const problems = [...contradictions(fields), ...limitProblems(fields)];
  if (problems.length > 0) return refusedFields(problems);
  const end = checkEnd ? endIfApproved(fields, context.now, context.policy) : undefined;
  return Array.isArray(end) ? refusedFields(end, 'end-refused') : undefined;
}

/** An edit may not take away what a request needs; a request that stands anew needs all of it. */
function incompleteRefusal(
  { status, fields: before }: ExceptionState,
  after: ExceptionFields,
  requestsAnew: boolean,
): DomainError | undefined {
  if (status === 'Draft') return undefined;
  const known = requestsAnew ? [] : missingForRequest(before).map(({ path }) => path);
  const missing = missingForRequest(after).filter(({ path }) => !known.includes(path));
  if (missing.length === 0) return undefined;
  const names = missing.map(({ path }) => path).join(', ');
  return refuse(
    'incomplete-record',
    `what was submitted must stay complete: keep or replace ${names}`,
    missing,
  );
}

/** Without what Lapse derives: the tenant, and a score that likelihood and impact already give. */
function normal({ tenant_org: _, ...fields }: ExceptionFields): ExceptionFields {
  if (!fields.likelihood || !fields.impact) return fields;
  const { risk_score: __, ...rest } = fields;
  return rest;
}

/** The changes that change something, so that the fields afterwards are as `normal` gives them. */
function normalChanges(changes: ExceptionEdit, fields: ExceptionFields): ExceptionEdit {
  const { tenant_org: _, ...given } = changes;
  const merged = applyEdit(fields, given);
  const isDerived = merged.risk_score !== undefined && merged.risk_score === riskScore(merged);
  const differs = ([name, value]: [string, unknown]) =>
    value !== undefined &&
    JSON.stringify(value) !== JSON.stringify(fields[name as FieldName] ?? null);
  const normalised = isDerived ? { ...given, risk_score: null } : given;
  return Object.fromEntries(Object.entries(normalised).filter(differs)) as ExceptionEdit;
}

function foreignTenant(
  tenant: string | null | undefined,
  { tenantId }: DecisionContext,
): DomainError | undefined {
  if (tenant === undefined || tenant === null || tenant === tenantId) return undefined;
  const message = `is not your tenant (${tenantId}); leave it out, Lapse sets it`;
  return refusedFields([{ path: 'tenant_org', message }]);
}
