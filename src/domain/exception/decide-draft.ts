import { privilegeRefusal } from '../circumvention/strikes.ts';
import type { DomainError, FieldError } from '../errors.ts';
import { addText, evaluatePolicy } from '../policy/evaluate.ts';
import type { ChainPlace, Policy } from '../policy/policy.ts';
import { policyDigest } from '../policy/policy-digest.ts';
import { formatInstant } from '../schedule/instant.ts';
import {
  breakGlassLimit,
  breakGlassRefusal,
  isBreakGlass,
  withoutDeferred,
} from './break-glass.ts';
import { chainPlace } from './chain-place.ts';
import { missingForRenewal, missingForRequest } from './completeness.ts';
import {
  type CommandOf,
  type Decider,
  type Decision,
  type DecisionContext,
  refuse,
  refusedFields,
} from './decision.ts';
import { escalationTerms } from './escalation.ts';
import type { ChainMemory } from './events.ts';
import { artifactsWithoutFile } from './evidence-file.ts';
import { applyEdit } from './evolve.ts';
import type { ExceptionEdit, ExceptionFields, FieldName } from './fields.ts';
import { staleJustification } from './fresh-justification.ts';
import { requestedPlaces } from './lineage.ts';
import { settlement } from './owed-review.ts';
import { contradictions, limitProblems } from './parse-fields.ts';
import { missingByPolicy } from './policy-demands.ts';
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
  const place = command.type === 'DraftRenewal' ? draftPlace(command) : undefined;
  const refusal =
    foreignTenant(command.fields.tenant_org, context) ??
    staleRefusal(command.fields, command.type === 'DraftRenewal' ? command.chain : undefined) ??
    fieldRefusal(command.fields, context, place);
  if (refusal) return refusal;
  const fields = normal(command.fields);
  const data =
    command.type === 'DraftRenewal'
      ? { fields, ...renewalOf(command) }
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
  const place = chainPlace(state);
  const refusal =
    fieldRefusal(fields, context, place, material.length > 0, isBreakGlass(state)) ??
    staleRefusal(fields, 'justification' in changes ? state.chain : undefined) ??
    incompleteRefusal(state, fields, material.length > 0, context.policy);
  if (refusal) return refusal;
  const voided = material.length > 0 ? state.approvals.map((approval) => approval.by.name) : [];
  const event = {
    type: 'ExceptionEdited' as const,
    data: { changes, material, voided_approvals: voided },
  };
  if (material.length === 0 && state.owed) return [event, ...settlement(state, state.owed, fields)];
  if (state.status === 'Draft' || material.length === 0) return [event];
  const lost = privilegeRefusal(fields, context.actor, context.barred);
  if (lost) return lost;
  // What is approved has changed, so the request stands anew: earlier approvals say nothing of it.
  return [event, submission(state, fields, context, state.request?.break_glass)];
};

/**
 * A request: complete, within the policy's time, with the approvals that it needs written down. In an
 * emergency the decision record may follow, and one of the approvals puts it in force.
 */
export const decideSubmit: Decider<'SubmitException'> = (state, { break_glass }, context) => {
  const refusal =
    privilegeRefusal(state.fields, context.actor, context.barred) ??
    (break_glass && breakGlassRefusal(state, context.policy));
  if (refusal) return refusal;
  const all = missingOf(state, state.fields, context.policy);
  const lacking = break_glass ? withoutDeferred(all) : all;
  if (lacking.length > 0) {
    const names = lacking.map((error) => error.path).join(', ');
    return refuse(
      'incomplete-record',
      `the request lacks ${names}; add them with an edit and submit again`,
      lacking,
    );
  }
  const place = chainPlace(state);
  const isEmergency = break_glass !== undefined;
  const end = endIfApproved(state.fields, context.now, context.policy, place, isEmergency);
  if (Array.isArray(end)) return refusedFields(end, 'end-refused');
  return [submission(state, state.fields, context, break_glass)];
};

function submission(
  state: ExceptionState,
  fields: ExceptionFields,
  { now, policy, people }: DecisionContext,
  break_glass: { readonly reason: string } | undefined,
) {
  const places = requestedPlaces(state, fields, break_glass !== undefined);
  // An emergency that nobody has approved within its day was none.
  const undecided = break_glass ? breakGlassLimit(policy).duration : policy.undecided_after;
  return {
    type: 'ExceptionSubmitted' as const,
    data: {
      requirements: evaluatePolicy(policy, fields, chainPlace(state, people)).requirements,
      policy: policyDigest(policy),
      statement_digest: statementDigest(fields),
      lapses_at: formatInstant(addText(now, undecided)),
      ...(places.length > 0 ? { places } : {}),
      ...(break_glass ? { break_glass } : {}),
      ...escalationTerms(policy),
    },
  };
}

/** Why a record cannot have these fields; `undefined` where it can. */
function fieldRefusal(
  fields: ExceptionFields,
  context: DecisionContext,
  place?: ChainPlace,
  checkEnd = true,
  isEmergency = false,
): DomainError | undefined {
  const problems = [...contradictions(fields), ...limitProblems(fields)];
  if (problems.length > 0) return refusedFields(problems);
  const end = checkEnd
    ? endIfApproved(fields, context.now, context.policy, place, isEmergency)
    : undefined;
  return Array.isArray(end) ? refusedFields(end, 'end-refused') : undefined;
}

/** A renewal may not repeat what an earlier record of its chain was justified with. */
function staleRefusal(fields: ExceptionFields, chain: ChainMemory | undefined) {
  const stale = staleJustification(fields.justification, chain?.justifications ?? []);
  return stale && refusedFields([stale]);
}

/** An edit may not take away what a request needs; a request that stands anew needs all of it. */
function incompleteRefusal(
  state: ExceptionState,
  after: ExceptionFields,
  requestsAnew: boolean,
  policy: Policy,
): DomainError | undefined {
  if (state.status === 'Draft') return undefined;
  const known = requestsAnew ? [] : missingOf(state, state.fields, policy).map(({ path }) => path);
  const all = missingOf(state, after, policy).filter(({ path }) => !known.includes(path));
  const missing = requestsAnew && isBreakGlass(state) ? withoutDeferred(all) : all;
  if (missing.length === 0) return undefined;
  const names = missing.map(({ path }) => path).join(', ');
  return refuse(
    'incomplete-record',
    `what was submitted must stay complete: keep or replace ${names}`,
    missing,
  );
}

function missingOf(state: ExceptionState, fields: ExceptionFields, policy: Policy): FieldError[] {
  return [
    ...missingForRequest(fields),
    ...(state.renews === undefined ? [] : missingForRenewal(fields)),
    ...missingByPolicy(policy, fields, chainPlace(state)),
    ...artifactsWithoutFile(state, fields),
  ];
}

function renewalOf({ type: _, fields: __, ...chain }: CommandOf<'DraftRenewal'>) {
  return chain;
}

function draftPlace({ renewal_number, first_approvers }: CommandOf<'DraftRenewal'>): ChainPlace {
  return { renewal_number, kind: 'time-boxed', first_approvers };
}

/** Without what Lapse derives: the tenant, and a score that likelihood and impact already give. */
function normal({ tenant_org: _, ...fields }: ExceptionFields): ExceptionFields {
  if (!fields.likelihood || !fields.impact) return fields;
  const { risk_score: __, ...rest } = fields;
  return rest;
}

/** The changes that change something, so that the fields afterwards are as `normal` gives them. */
export function normalChanges(changes: ExceptionEdit, fields: ExceptionFields): ExceptionEdit {
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
