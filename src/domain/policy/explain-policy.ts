import type { ExceptionFields } from '../exception/fields.ts';
import { evaluatePolicy, type PolicyDecision } from './evaluate.ts';
import { type Condition, type Facts, factsOf, unmetConditions } from './match.ts';
import type { ChainPlace, Policy, PolicyRule } from './policy.ts';

/** Something that a rule can ask for: `maximum`, `approvals`, `gates` … */
export type Effect = keyof PolicyRule['effects'];

/** What one rule asks for an effect, and whether it has a part in what follows. */
export interface Asking {
  readonly rule: string;
  readonly source: string;
  /** As the pack has it. */
  readonly asks: unknown;
  readonly wins: boolean;
}

/** Why a policy says of a record what it says. */
export interface PolicyExplanation {
  /** What the rules looked at. */
  readonly facts: Facts;
  readonly matched: readonly Pick<PolicyRule, 'id' | 'source'>[];
  /** The other rules, each with the conditions that the record does not fulfil. */
  readonly unmatched: readonly { readonly id: string; readonly unmet: readonly Condition[] }[];
  /** Effects that some matching rule asks for, each with what every one of them asks. */
  readonly effects: readonly { readonly effect: Effect; readonly askings: readonly Asking[] }[];
  readonly decision: PolicyDecision;
}

const EFFECTS: readonly Effect[] = [
  'maximum',
  'default',
  'extension',
  'total',
  'approvals',
  'extension_approvals',
  'signatures',
  'artifacts',
  'fields',
  'monitoring',
  'reminders',
  'recurring_reminder',
  'gates',
];

/** Which rules match a record, what each asks, and which of them won for each effect. */
export function explainPolicy(
  policy: Policy,
  fields: ExceptionFields,
  place?: ChainPlace,
): PolicyExplanation {
  const facts = factsOf(fields, place);
  const decision = evaluatePolicy(policy, fields, place);
  const judged = policy.rules.map((rule) => ({ rule, unmet: unmetConditions(rule.match, facts) }));
  const matched = judged.filter(({ unmet }) => unmet.length === 0).map(({ rule }) => rule);
  const effects = EFFECTS.map((effect) => ({
    effect,
    askings: askings(effect, matched, decision),
  }));
  return {
    facts,
    matched: matched.map(({ id, source }) => ({ id, source })),
    unmatched: judged
      .filter(({ unmet }) => unmet.length > 0)
      .map(({ rule, unmet }) => ({ id: rule.id, unmet })),
    effects: effects.filter((each) => each.askings.length > 0),
    decision,
  };
}

function askings(effect: Effect, rules: readonly PolicyRule[], decision: PolicyDecision): Asking[] {
  const winners = winnersOf(effect, decision);
  return rules.flatMap(({ id, source, effects }) => {
    const asks = effects[effect];
    // What every rule asks is part of a union, unless somebody else is named for it.
    return asks === undefined ? [] : [{ rule: id, source, asks, wins: winners?.has(id) ?? true }];
  });
}

/** The rules that an effect was decided by; `undefined` where all have a part in it. */
function winnersOf(effect: Effect, decision: PolicyDecision): ReadonlySet<string> | undefined {
  switch (effect) {
    case 'maximum':
    case 'default':
    case 'extension':
    case 'total':
      return new Set([decision[effect].rule]);
    case 'recurring_reminder':
      return new Set(decision.recurring_reminder ? [decision.recurring_reminder.rule] : []);
    case 'approvals':
      return rulesOf(decision.requirements);
    case 'extension_approvals':
      return rulesOf(decision.extension_requirements);
    case 'signatures':
    case 'artifacts':
    case 'fields':
    case 'monitoring':
      return rulesOf(decision[effect]);
    default:
      return undefined;
  }
}

function rulesOf(decided: readonly { readonly rule: string }[]): ReadonlySet<string> {
  return new Set(decided.map(({ rule }) => rule));
}
