import type { ExceptionFields } from '../exception/fields.ts';
import { addDuration, parseDuration } from '../schedule/duration.ts';
import type { Instant } from '../schedule/instant.ts';
import type { DurationText, Policy, PolicyRule, Requirement } from './policy.ts';

/** A limit in time, and the rule that sets it. */
export interface Limit {
  readonly duration: DurationText;
  readonly rule: string;
  readonly source: string;
}

/** What a policy says of a record. */
export interface PolicyDecision {
  readonly maximum: Limit;
  readonly extension: Limit;
  readonly total: Limit;
  readonly requirements: readonly Requirement[];
}

type LimitName = 'maximum' | 'extension' | 'total';

/**
 * What the policy says of a record with these fields: for each effect the strictest of the rules
 * that match. Throws a plain Error where the policy sets no limit at all, since a policy without
 * an end must never be put in force (000 section 4; 002, "All exceptions must have an expiry date").
 */
export function evaluatePolicy(policy: Policy, fields: ExceptionFields): PolicyDecision {
  const rules = policy.rules.filter((rule) => matches(rule, fields));
  return {
    maximum: strictest(rules, 'maximum'),
    extension: strictest(rules, 'extension'),
    total: strictest(rules, 'total'),
    requirements: requirements(rules),
  };
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

function matches(rule: PolicyRule, fields: ExceptionFields): boolean {
  return rule.match.control === undefined || rule.match.control === fields.control;
}

function strictest(rules: readonly PolicyRule[], effect: LimitName): Limit {
  let best: (Limit & { end: Instant }) | undefined;
  for (const rule of rules) {
    const duration = rule.effects[effect];
    if (duration === undefined) continue;
    const end = addText(0, duration);
    // Of equal limits the later one is named: packs go from the general rule to the special one.
    if (!best || end <= best.end) best = { duration, rule: rule.id, source: rule.source, end };
  }
  if (!best) throw new Error(`the policy sets no ${effect} for this record`);
  return { duration: best.duration, rule: best.rule, source: best.source };
}

function requirements(rules: readonly PolicyRule[]): Requirement[] {
  const byRole = new Map<string, Requirement>();
  for (const rule of rules) {
    for (const { role, count } of rule.effects.approvals ?? []) {
      const known = byRole.get(role);
      if (!known || count > known.count) byRole.set(role, { role, count, rule: rule.id });
    }
  }
  return [...byRole.values()];
}
