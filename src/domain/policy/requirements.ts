import type { ExceptionFields } from '../exception/fields.ts';
import type { ChainPlace, PolicyRule, Requirement } from './policy.ts';

type Effect = 'approvals' | 'extension_approvals';

/**
 * The approvals that the rules ask for, the strictest for each role: the larger count, the later
 * step. A consumer's sign-off is asked of each consumer that the record names (000 section 1); the
 * first approver is each person who approved the first record of the chain (002, Renewal Limits), or
 * the fallback role for each who has left.
 */
export function requirementsOf(
  rules: readonly PolicyRule[],
  effect: Effect,
  fields: ExceptionFields,
  place: ChainPlace,
  known: readonly Requirement[] = [],
): Requirement[] {
  const byKey = new Map(known.map((requirement) => [requirementKey(requirement), requirement]));
  for (const rule of rules) {
    for (const asked of rule.effects[effect] ?? []) {
      for (const requirement of named(asked, rule.id, fields, place)) {
        const key = requirementKey(requirement);
        byKey.set(key, stricter(byKey.get(key), requirement));
      }
    }
  }
  const all = [...byKey.values()];
  // Whoever fills a role for the chain fills it for anybody.
  return all.filter((one) => one.person || one.count > boundTo(all, one.role));
}

/** The requirements, each with the rule that asks for a signature of its role where one does. */
export function signedWhereAsked(
  requirements: readonly Requirement[],
  asked: readonly { readonly name: string; readonly rule: string }[],
): Requirement[] {
  return requirements.map((requirement) => {
    const demand = asked.find(({ name }) => name === requirement.role);
    return demand ? { ...requirement, signature: demand.rule } : requirement;
  });
}

function boundTo(requirements: readonly Requirement[], role: string): number {
  return requirements.filter((other) => other.person && other.role === role).length;
}

/** What tells one requirement of a record from another. */
function requirementKey({ role, consumer, person }: Requirement): string {
  return [role, consumer ?? '', person?.id ?? ''].join('\n');
}

type Asked = NonNullable<PolicyRule['effects'][Effect]>[number];

function named(
  { role, count = 1, step = 1, fallback }: Asked,
  rule: string,
  fields: ExceptionFields,
  { first_approvers: first = [] }: ChainPlace,
): Requirement[] {
  const requirement = { role, count, rule, ...(step === 1 ? {} : { step }) };
  if (role === 'consumer')
    return (fields.consumers ?? []).map((consumer) => ({ ...requirement, consumer }));
  if (role === 'first-approver')
    return first.map(({ left, ...approver }) => {
      const { role: filled, ...person } = approver;
      return left
        ? { ...requirement, role: fallback ?? filled, count: 1, in_place_of: approver }
        : { ...requirement, role: filled, count: 1, person };
    });
  return [requirement];
}

function stricter(known: Requirement | undefined, other: Requirement): Requirement {
  if (!known) return other;
  const step = Math.max(known.step ?? 1, other.step ?? 1);
  const winner = other.count > known.count ? other : known;
  const in_place_of = known.in_place_of ?? other.in_place_of;
  return { ...winner, ...(step === 1 ? {} : { step }), ...(in_place_of ? { in_place_of } : {}) };
}
