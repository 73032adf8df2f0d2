import type { ExceptionFields } from '../exception/fields.ts';
import { addDuration, parseDuration } from '../schedule/duration.ts';
import type { Instant } from '../schedule/instant.ts';
import { factsOf, matches } from './match.ts';
import {
  type ChainPlace,
  type DurationText,
  FIRST_OF_CHAIN,
  type Gate,
  type Policy,
  type PolicyRule,
  type Requirement,
} from './policy.ts';
import { requirementsOf, signedWhereAsked } from './requirements.ts';

/** A limit in time, and the rule that sets it. */
export interface Limit {
  readonly duration: DurationText;
  readonly rule: string;
  readonly source: string;
}

/** Something that a request needs, and the rule that asks for it. */
export interface Demand<Name extends string = string> {
  readonly name: Name;
  readonly rule: string;
  readonly source: string;
}

/** What a policy says of a record. */
export interface PolicyDecision {
  readonly maximum: Limit;
  /** The time in force where a request names none; the maximum, unless a rule says less. */
  readonly default: Limit;
  readonly extension: Limit;
  readonly total: Limit;
  readonly requirements: readonly Requirement[];
  /** What an extension needs: all of the above, and what is asked of extensions besides. */
  readonly extension_requirements: readonly Requirement[];
  /** The roles whose approvals have to be signed with a passkey. */
  readonly signatures: readonly Demand[];
  readonly artifacts: readonly Demand[];
  readonly fields: readonly Demand<keyof ExceptionFields>[];
  readonly monitoring: readonly Demand[];
  /** So long before the end, longest first. */
  readonly reminders: readonly DurationText[];
  readonly recurring_reminder: Limit | undefined;
  /** The roles that alone may bring a transition about; no entry where any may. */
  readonly gates: Readonly<Partial<Record<Gate, readonly string[]>>>;
}

export type LimitName = 'maximum' | 'default' | 'extension' | 'total' | 'recurring_reminder';
type ListName = 'signatures' | 'artifacts' | 'fields' | 'monitoring';

/**
 * What the policy says of a record with these fields at this place in its chain: for each effect the
 * strictest of the rules that match. Throws a plain Error where the policy sets no limit at all,
 * since a policy without an end must never be put in force (000 section 4; 002, "All exceptions must
 * have an expiry date").
 */
export function evaluatePolicy(
  policy: Policy,
  fields: ExceptionFields,
  place: ChainPlace = FIRST_OF_CHAIN,
): PolicyDecision {
  const facts = factsOf(fields, place);
  const rules = policy.rules.filter(({ match }) => matches(match, facts));
  const requirements = requirementsOf(rules, 'approvals', fields, place);
  const signatures = demands(rules, 'signatures');
  return {
    ...(place.kind === 'permanent' ? untilReview(policy) : timeLimits(rules)),
    requirements: signedWhereAsked(requirements, signatures),
    extension_requirements: signedWhereAsked(
      requirementsOf(rules, 'extension_approvals', fields, place, requirements),
      signatures,
    ),
    signatures,
    artifacts: demands(rules, 'artifacts'),
    fields: demands(rules, 'fields') as Demand<keyof ExceptionFields>[],
    monitoring: demands(rules, 'monitoring'),
    reminders: reminders(rules),
    recurring_reminder: strictest(rules, 'recurring_reminder'),
    gates: gatesOf(rules),
  };
}

type TimeLimits = Pick<PolicyDecision, 'maximum' | 'default' | 'extension' | 'total'>;

function timeLimits(rules: readonly PolicyRule[]): TimeLimits {
  const maximum = needed(rules, 'maximum');
  return {
    maximum,
    default: shorter(strictest(rules, 'default'), maximum),
    extension: needed(rules, 'extension'),
    total: needed(rules, 'total'),
  };
}

/** The end of a permanent exception is its next review, whatever rules say of others. */
function untilReview({ chains }: Policy): TimeLimits {
  const limit = {
    duration: chains.review_every,
    rule: 'chains',
    source: '002, Permanent Exceptions (Rare)',
  };
  return { maximum: limit, default: limit, extension: limit, total: limit };
}

/** The instant that a limit allows, counted from `from`. */
export function limitEnd(from: Instant, limit: Limit): Instant {
  return addText(from, limit.duration);
}

/** The instant so long after `from`; a duration that cannot be read is a broken policy. */
export function addText(from: Instant, duration: DurationText): Instant {
  const parsed = parseDuration(duration);
  if (!parsed) throw new Error(`the policy holds a duration that is not ISO 8601: ${duration}`);
  return addDuration(from, parsed);
}

function needed(rules: readonly PolicyRule[], effect: LimitName): Limit {
  const limit = strictest(rules, effect);
  if (!limit) throw new Error(`the policy sets no ${effect} for this record`);
  return limit;
}

/** The strictest limit that some rules set for an effect; `undefined` where none sets one. */
export function strictest(rules: readonly PolicyRule[], effect: LimitName): Limit | undefined {
  let best: Limit | undefined;
  for (const rule of rules) {
    const duration = rule.effects[effect];
    if (duration === undefined) continue;
    // Of equal limits the later one is named: packs go from the general rule to the special one.
    if (!best || addText(0, duration) <= limitEnd(0, best))
      best = { duration, rule: rule.id, source: rule.source };
  }
  return best;
}

/** The limit, where it is shorter than the maximum. */
export function shorter(limit: Limit | undefined, maximum: Limit): Limit {
  return limit && limitEnd(0, limit) < limitEnd(0, maximum) ? limit : maximum;
}

function demands(rules: readonly PolicyRule[], effect: ListName): Demand[] {
  const byName = new Map<string, Demand>();
  for (const { id, source, effects } of rules) {
    for (const name of effects[effect] ?? [])
      if (!byName.has(name)) byName.set(name, { name, rule: id, source });
  }
  return [...byName.values()];
}

function reminders(rules: readonly PolicyRule[]): DurationText[] {
  const all = new Set(rules.flatMap(({ effects }) => effects.reminders ?? []));
  return [...all].sort((a, b) => addText(0, b) - addText(0, a));
}

/** The roles that some rules reserve transitions for: those that every one of them allows. */
export function gatesOf(rules: readonly PolicyRule[]): PolicyDecision['gates'] {
  const reserved: Partial<Record<Gate, readonly string[]>> = {};
  for (const { effects } of rules) {
    for (const [gate, roles] of Object.entries(effects.gates ?? {}) as [Gate, string[]][]) {
      const before = reserved[gate];
      reserved[gate] = before ? before.filter((role) => roles.includes(role)) : roles;
    }
  }
  return reserved;
}
