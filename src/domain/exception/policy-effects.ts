import { requirementText, unmetRequirements } from '../policy/approval-progress.ts';
import { evaluatePolicy, limitEnd, type PolicyDecision } from '../policy/evaluate.ts';
import type { Policy } from '../policy/policy.ts';
import { formatInstant, type Instant } from '../schedule/instant.ts';
import { remindersAfter } from './advance.ts';
import { chainPlace } from './chain-place.ts';
import { unmetDemands } from './policy-demands.ts';
import type { ExceptionState } from './state.ts';
import type { Status } from './status.ts';

/** What another pack would find lacking in a record. */
export const POLICY_EFFECTS = ['approvals', 'maximum', 'artifact', 'field', 'reminder'] as const;
export type PolicyEffectKind = (typeof POLICY_EFFECTS)[number];

/** One thing that another pack would ask of a record, and the present one does not. */
export interface PolicyEffect {
  readonly kind: PolicyEffectKind;
  readonly message: string;
}

/** Records that a pack could still say something of: requests, and all that is approved or open. */
export const WEIGHED: readonly Status[] = [
  'Under-Review',
  'Approved',
  'Active',
  'Expiring',
  'Extended',
  'Expired',
];

/**
 * What a pack would ask of a record that the present one does not, were the record decided under it.
 * What was decided stands: a pack that is put in force changes no request and no end by itself.
 */
export function policyEffects(
  state: ExceptionState,
  before: Policy,
  after: Policy,
  now: Instant,
): PolicyEffect[] {
  const place = chainPlace(state);
  const old = evaluatePolicy(before, state.fields, place);
  const next = evaluatePolicy(after, state.fields, place);
  return [
    ...moreApprovals(state, old, next),
    ...exceeded(state, old, next, now),
    ...lacking(state, old, next),
    ...missed(state, old, next, now),
  ];
}

function moreApprovals(
  { approvals }: ExceptionState,
  old: PolicyDecision,
  next: PolicyDecision,
): PolicyEffect[] {
  const asked = new Set(unmetRequirements(old.requirements, approvals).map(requirementText));
  const more = unmetRequirements(next.requirements, approvals).filter(
    (requirement) => !asked.has(requirementText(requirement)),
  );
  return more.map((requirement) => ({
    kind: 'approvals',
    message: `needs ${requirementText(requirement)} (rule ${requirement.rule})`,
  }));
}

function exceeded(
  state: ExceptionState,
  old: PolicyDecision,
  next: PolicyDecision,
  now: Instant,
): PolicyEffect[] {
  const end = state.expires_at ?? chosenEnd(state);
  if (end === undefined) return [];
  const name = state.extended_at === undefined ? 'maximum' : 'total';
  const from = state.permanence?.granted_at ?? state.approved_at ?? now;
  const latest = limitEnd(from, next[name]);
  if (end <= latest || end > limitEnd(from, old[name])) return [];
  const { duration, rule } = next[name];
  const message = `ends at ${formatInstant(end)}, after the ${name} of ${duration} (${formatInstant(latest)}; rule ${rule})`;
  return [{ kind: 'maximum', message }];
}

function chosenEnd({ fields }: ExceptionState): Instant | undefined {
  return fields.expires_at === undefined ? undefined : Date.parse(fields.expires_at);
}

function lacking(
  { fields }: ExceptionState,
  old: PolicyDecision,
  next: PolicyDecision,
): PolicyEffect[] {
  const known = { field: old.fields, artifact: old.artifacts };
  return unmetDemands(next, fields)
    .filter(({ kind, name }) => !known[kind].some((demand) => demand.name === name))
    .map(({ kind, error }) => ({ kind, message: `${error.path} ${error.message}` }));
}

/** Reminders that the pack asks for and the record will not have, since its own were fixed before. */
function missed(
  { expires_at: end, activated_at, reminders }: ExceptionState,
  old: PolicyDecision,
  next: PolicyDecision,
  now: Instant,
): PolicyEffect[] {
  if (end === undefined || end <= now) return [];
  const planned = new Set(reminders.map(formatInstant));
  const from = activated_at ?? now;
  return next.reminders
    .filter((offset) => !old.reminders.includes(offset))
    .flatMap((offset) => {
      const [at] = remindersAfter(from, end, [offset]);
      if (at === undefined || planned.has(at)) return [];
      return [
        { kind: 'reminder' as const, message: `has no reminder ${offset} before its end (${at})` },
      ];
    });
}
