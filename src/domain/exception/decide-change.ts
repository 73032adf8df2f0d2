import type { DomainError } from '../errors.ts';
import { addText, evaluatePolicy, limitEnd } from '../policy/evaluate.ts';
import { formatInstant, type Instant, parseInstant } from '../schedule/instant.ts';
import { remindersAfter } from './advance.ts';
import { noLongerRefusal } from './break-glass.ts';
import { chainPlace } from './chain-place.ts';
import { type Decider, type DecisionContext, isRefusal, refuse } from './decision.ts';
import { escalationTerms } from './escalation.ts';
import type { ExceptionEvent } from './events.ts';
import { permanenceRefusal, reviewRefusal } from './permanence.ts';
import type { ExceptionState, PendingChange } from './state.ts';
import { allowed } from './time-limits.ts';

/** One extension, asked for while in force (000 section 4, Duration). */
export const decideExtension: Decider<'RequestExtension'> = (state, command, context) => {
  const end = parseInstant(command.expires_at) ?? 0;
  const refusal =
    noLongerRefusal(state, 'extended') ??
    pendingRefusal(state) ??
    extensionRefusal(state, end, context);
  if (refusal) return refusal;
  const { extension_requirements: requirements } = evaluatePolicy(
    context.policy,
    state.fields,
    chainPlace(state, context.people),
  );
  const { change_id, reason, risk_review } = command;
  const asked = { change_id, expires_at: formatInstant(end), reason, risk_review, requirements };
  const data = { ...asked, ...escalationTerms(context.policy) };
  return [{ type: 'ExtensionRequested', data }];
};

/** Permanent instead of another renewal (002, Permanent Exceptions); its end becomes a yearly review. */
export const decidePermanence: Decider<'RequestPermanence'> = (state, command, context) => {
  const { now, policy, people } = context;
  const refusal =
    noLongerRefusal(state, 'made permanent') ??
    pendingRefusal(state) ??
    permanenceRefusal(state, command, policy);
  if (refusal) return refusal;
  const { type: _, ...asked } = command;
  const expires_at = formatInstant(addText(now, policy.chains.review_every));
  const place = { ...chainPlace(state, people), kind: 'permanent' } as const;
  const { requirements } = evaluatePolicy(policy, state.fields, place);
  const data = { ...asked, expires_at, requirements, ...escalationTerms(policy) };
  return [{ type: 'PermanenceRequested', data }];
};

/** The yearly review of a permanent exception: once approved, its end moves on by a year. */
export const decideReview: Decider<'CompleteReview'> = (state, command, context) => {
  const { now, policy, people } = context;
  const refusal = pendingRefusal(state) ?? reviewRefusal(state, context);
  if (refusal) return refusal;
  const { type: _, ...asked } = command;
  const end = addText(state.expires_at ?? now, policy.chains.review_every);
  const { requirements } = evaluatePolicy(policy, state.fields, chainPlace(state, people));
  const expires_at = formatInstant(end);
  const data = { ...asked, expires_at, requirements, ...escalationTerms(policy) };
  const requested = { type: 'ReviewRequested' as const, data };
  if (requirements.length > 0) return [requested];
  // Where a policy asks for nobody's approval, the review itself completes it.
  const change = { change_id: asked.change_id, expires_at: end };
  return [requested, { type: 'ReviewCompleted', data: changedEnd(state, change, context) }];
};

/** What an approved change brings about, or why it no longer can: time has passed since the request. */
export function changeMade(
  state: ExceptionState,
  change: PendingChange,
  context: DecisionContext,
): ExceptionEvent | DomainError {
  const refusal = refusalOf(state, change, context);
  if (isRefusal(refusal)) return refusal;
  return { type: MADE[change.kind], data: changedEnd(state, change, context) };
}

const MADE = {
  extension: 'ExceptionExtended',
  permanence: 'PermanenceGranted',
  review: 'ReviewCompleted',
} as const;

function refusalOf(state: ExceptionState, change: PendingChange, context: DecisionContext) {
  if (change.kind === 'extension') return extensionRefusal(state, change.expires_at, context);
  if (change.kind === 'review') return reviewRefusal(state, context);
  return change.documents && permanenceRefusal(state, change.documents, context.policy);
}

function changedEnd(
  state: ExceptionState,
  { change_id, expires_at }: Pick<PendingChange, 'change_id' | 'expires_at'>,
  { now, policy }: DecisionContext,
) {
  const { reminders } = evaluatePolicy(policy, state.fields, chainPlace(state));
  return {
    change_id,
    expires_at: formatInstant(expires_at),
    reminders: remindersAfter(now, expires_at, reminders),
  };
}

function pendingRefusal({ pending_change, owed }: ExceptionState): DomainError | undefined {
  const pending = owed ?? pending_change;
  if (!pending) return undefined;
  if (owed) {
    return refuse(
      'change-pending',
      `a ${owed.kind} review is owed by ${formatInstant(owed.by)} (${owed.change_id}); it has to be settled first`,
    );
  }
  const article = pending.kind === 'extension' ? 'an' : 'a';
  return refuse(
    'change-pending',
    `${article} ${pending.kind} already waits (${pending.change_id}); it has to be approved or rejected first`,
  );
}

/** Why this end cannot be given as an extension; `undefined` where it can. */
function extensionRefusal(
  state: ExceptionState,
  end: Instant,
  { now, policy }: DecisionContext,
): DomainError | undefined {
  if (state.permanence) {
    return refuse(
      'wrong-state',
      'a permanent exception is not extended: its end is its next yearly review, and completing that moves it on (002, Permanent Exceptions)',
    );
  }
  if (state.extended_at !== undefined) {
    return refuse(
      'extension-spent',
      `the one extension was given at ${formatInstant(state.extended_at)}; ask for a renewal (000 section 4, Duration)`,
    );
  }
  const current = state.expires_at ?? now;
  const limits = evaluatePolicy(policy, state.fields, chainPlace(state));
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
