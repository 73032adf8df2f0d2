import { type Actor, isSamePerson } from '../access/actor.ts';
import type { DomainError } from '../errors.ts';
import { evaluatePolicy, limitEnd } from '../policy/evaluate.ts';
import type { Requirement } from '../policy/policy.ts';
import { formatInstant, parseInstant } from '../schedule/instant.ts';
import { archivesAt, remindersAfter } from './advance.ts';
import { type Decider, type Decision, type DecisionContext, refuse } from './decision.ts';
import type { ApprovalState, ExceptionState } from './state.ts';
import { allowed, endIfApproved } from './time-limits.ts';

/** One approval; the last that is required fixes the end, or makes the extension real. */
export const decideApprove: Decider<'ApproveException'> = (state, command, context) => {
  if (state.status === 'Under-Review') {
    return strayChange(command.change) ?? approveRequest(state, command.reason, context);
  }
  const change = namedChange(state, command.change);
  if ('code' in change) return change;
  const obstacle = approvalObstacle(state, change, context.actor);
  if (obstacle) return obstacle;
  const given = { change_id: change.change_id, role: context.actor.role, reason: command.reason };
  const event = { type: 'ExtensionApprovalGiven' as const, data: given };
  if (!isComplete(change, context.actor)) return [event];
  // Time has passed since the request: the end must still be one that can be given.
  const refusal = extensionRefusal(state, change.expires_at, context);
  if (refusal) return refusal;
  const reminders = remindersAfter(context.now, change.expires_at, context.policy);
  const data = {
    change_id: change.change_id,
    expires_at: formatInstant(change.expires_at),
    reminders,
  };
  return [event, { type: 'ExceptionExtended', data }];
};

/** No: of the request, which ends it, or of a pending change, which leaves the record as it was. */
export const decideReject: Decider<'RejectException'> = (state, command, context) => {
  if (state.status === 'Under-Review') {
    const stray = strayChange(command.change);
    if (stray) return stray;
    const data = {
      reason: 'rejected' as const,
      note: command.reason,
      archives_at: archivesAt(context.now, context.policy),
    };
    return [{ type: 'ExceptionClosed', data }];
  }
  const change = namedChange(state, command.change);
  if ('code' in change) return change;
  return [
    { type: 'ExtensionRejected', data: { change_id: change.change_id, reason: command.reason } },
  ];
};

/** Back to the requestor, with what is to be changed. */
export const decideRequestChanges: Decider<'RequestChanges'> = (_, { reason }) => [
  { type: 'ChangesRequested', data: { reason } },
];

/** One extension, asked for while in force (000 section 4, Duration). */
export const decideExtension: Decider<'RequestExtension'> = (state, command, context) => {
  if (state.pending_change) {
    return refuse(
      'change-pending',
      `an extension already waits (${state.pending_change.change_id}); it has to be approved or rejected first`,
    );
  }
  const end = parseInstant(command.expires_at) ?? 0;
  const refusal = extensionRefusal(state, end, context);
  if (refusal) return refusal;
  const { requirements } = evaluatePolicy(context.policy, state.fields);
  const { change_id, reason, risk_review } = command;
  const asked = { change_id, expires_at: formatInstant(end), reason, risk_review, requirements };
  return [{ type: 'ExtensionRequested', data: asked }];
};

/** Why this end cannot be given as an extension; `undefined` where it can. */
function extensionRefusal(state: ExceptionState, end: number, { now, policy }: DecisionContext) {
  if (state.extended_at !== undefined) {
    return refuse(
      'extension-spent',
      `the one extension was given at ${formatInstant(state.extended_at)}; ask for a renewal (000 section 4, Duration)`,
    );
  }
  const current = state.expires_at ?? now;
  const limits = evaluatePolicy(policy, state.fields);
  const byExtension = limitEnd(current, limits.extension);
  const byTotal = limitEnd(state.approved_at ?? now, limits.total);
  const [latest, limit, counted] =
    byTotal < byExtension
      ? ([byTotal, limits.total, 'approval'] as const)
      : ([byExtension, limits.extension, 'the present end'] as const);
  if (end > current && end <= latest) return undefined;
  const passes =
    latest > current
      ? allowed(current, latest, limit, counted)
      : `the maximum of ${limit.duration} is used up (rule ${limit.rule}; ${limit.source}); ask for a renewal`;
  const message =
    end > current ? 'is later than an extension may reach' : 'does not lie after the present end';
  return refuse('end-refused', `expires_at ${message}; ${passes}`, [
    { path: 'expires_at', message: `${message}; ${passes}` },
  ]);
}

function approveRequest(state: ExceptionState, reason: string, context: DecisionContext): Decision {
  const { request } = state;
  if (!request) return refuse('wrong-state', 'there is no request to approve');
  const open = { requirements: request.requirements, approvals: state.approvals };
  const obstacle = approvalObstacle(state, open, context.actor);
  if (obstacle) return obstacle;
  const end = endIfApproved(state.fields, context.now, context.policy);
  if (Array.isArray(end)) {
    const detail = end.map((error) => `${error.path} ${error.message}`).join('; ');
    return refuse('end-refused', `the request cannot be approved as it stands: ${detail}`, end);
  }
  const data = { role: context.actor.role, reason, statement_digest: request.statement_digest };
  const given = { type: 'ApprovalGiven' as const, data };
  if (!isComplete(open, context.actor)) return [given];
  const approved = {
    effective_from: formatInstant(end.effective_from),
    expires_at: formatInstant(end.expires_at),
    latest_end: formatInstant(end.latest),
    rule: end.limit.rule,
    reminders: remindersAfter(context.now, end.expires_at, context.policy),
  };
  return [given, { type: 'ExceptionApproved', data: approved }];
}

/** Who names a change means that one, and must not decide the request by mistake. */
function strayChange(name: string | undefined): DomainError | undefined {
  if (name === undefined) return undefined;
  return refuse(
    'no-such-change',
    `no change ${name} waits for a decision, but the request itself does; leave "change" out to decide that`,
  );
}

function namedChange(state: ExceptionState, name: string | undefined) {
  const pending = state.pending_change;
  if (!pending)
    return refuse(
      'no-such-change',
      `nothing waits for a decision: the exception is ${state.status}; a request or a requested extension can be decided`,
    );
  if (name === pending.change_id || name === pending.kind) return pending;
  const passes = `name it with "change": "${pending.change_id}" (or "${pending.kind}")`;
  return name === undefined
    ? refuse('invalid-request', `a change waits for a decision; ${passes}`, [
        { path: 'change', message: 'is required' },
      ])
    : refuse('no-such-change', `no change ${name} waits for a decision; ${passes}`);
}

/** Nobody approves what they requested or wrote, nor twice, nor in a role that is not asked for. */
function approvalObstacle(state: ExceptionState, open: ApprovalState, actor: Actor) {
  const requestors = [
    ...state.contributors,
    { email: state.fields.requestor?.email },
    open.requested_by ?? {},
  ];
  if (requestors.some((person) => isSamePerson(person, actor))) {
    return refuse(
      'self-approval',
      'nobody approves what they requested or wrote; somebody else with the role has to decide',
    );
  }
  if (open.approvals.some((approval) => isSamePerson(approval.by, actor))) {
    return refuse(
      'already-approved',
      'you have approved this already; one person fills one role, so somebody else has to decide',
    );
  }
  if (!open.requirements.some((requirement) => requirement.role === actor.role)) {
    const roles = open.requirements.map((requirement) => requirement.role).join(', ');
    return refuse(
      'not-permitted',
      `an approval by ${actor.role} is not asked for; it needs ${roles}`,
    );
  }
  return undefined;
}

function isComplete({ requirements, approvals }: ApprovalState, actor: Actor): boolean {
  const roles = [...approvals.map((approval) => approval.role), actor.role];
  return requirements.every(
    (needed: Requirement) => roles.filter((role) => role === needed.role).length >= needed.count,
  );
}
