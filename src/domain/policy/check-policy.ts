import { addDuration, parseDuration } from '../schedule/duration.ts';
import { gatesOf, type LimitName, limitEnd, strictest } from './evaluate.ts';
import { type Facts, matches } from './match.ts';
import { cellText, matchCells } from './match-cells.ts';
import type { PackRule } from './pack-rules.ts';
import type { Gate, Policy, PolicyRule } from './policy.ts';

/** Something that is wrong with a pack beyond its shape. */
export interface PackFinding {
  readonly check: PackRule;
  /** The id of the rule of the pack, or the name of the template; empty where it is about the pack. */
  readonly rule: string;
  readonly path: readonly (string | number)[];
  /** What is wrong, and what would pass. */
  readonly message: string;
}

/**
 * What is wrong with a pack whose shape is right: nothing of it may be put in force. A rule that can
 * never match or asks for nothing, rules that contradict one another, ids that are given twice, and
 * records that some effect would leave without an end or without anybody who approves.
 */
export function checkPolicy(policy: Policy): PackFinding[] {
  const { rules, chains } = policy;
  return [
    ...duplicates(rules),
    ...rules.flatMap((rule, index) => [
      ...neverMatches(rule, index, chains.permanent_after),
      ...idle(rule, index),
      ...idleLimits(rule, index),
    ]),
    ...limitFindings(policy),
    ...gateFindings(policy),
    ...unapproved(policy),
    ...idleEscalation(policy),
  ];
}

function finding(
  check: PackRule,
  message: string,
  rule?: PolicyRule,
  path: readonly (string | number)[] = ['rules'],
): PackFinding {
  return { check, rule: rule?.id ?? '', path, message };
}

function duplicates(rules: readonly PolicyRule[]): PackFinding[] {
  const first = new Map<string, number>();
  return rules.flatMap((rule, index) => {
    const before = first.get(rule.id);
    if (before === undefined) first.set(rule.id, index);
    if (before === undefined) return [];
    const message = `is the id of rule ${before + 1} already; give each rule an id of its own`;
    return [finding('pack-duplicate', message, rule, ['rules', index, 'id'])];
  });
}

function neverMatches(rule: PolicyRule, index: number, permanentAfter: number): PackFinding[] {
  const { renewal } = rule.match;
  if (!isOfPermanentAlone(rule) || (renewal?.to ?? permanentAfter) >= permanentAfter) return [];
  const message = `can never match: a permanent exception follows at least ${permanentAfter} renewals (chains.permanent_after; 002, Permanent Exceptions); "to" of ${permanentAfter} or more would pass, or leave renewal out`;
  return [finding('pack-never', message, rule, ['rules', index, 'match', 'renewal'])];
}

function isOfPermanentAlone({ match: { kind } }: PolicyRule): boolean {
  return kind?.every((each) => each === 'permanent') ?? false;
}

/** Limits for permanent exceptions alone: their end is their next review, whatever a rule says. */
function idleLimits(rule: PolicyRule, index: number): PackFinding[] {
  if (!isOfPermanentAlone(rule)) return [];
  const message =
    'has no effect on a permanent exception: its end is its next review, as chains.review_every says; set that instead';
  return LIMITS.filter((name) => rule.effects[name] !== undefined).map((name) =>
    finding('pack-never', message, rule, ['rules', index, 'effects', name]),
  );
}

/** A rule that asks for nothing in any record that it matches. */
function idle(rule: PolicyRule, index: number): PackFinding[] {
  const path = ['rules', index, 'effects'] as const;
  const asked = Object.entries(rule.effects).filter(([, value]) => value !== undefined);
  const isEmpty = asked.every(([, value]) => typeof value === 'object' && isEmptyValue(value));
  if (isEmpty) {
    const message = 'asks for nothing; name at least one effect, or remove the rule';
    return [finding('pack-never', message, rule, path)];
  }
  const onlyFirst = (['approvals', 'extension_approvals'] as const).filter((effect) =>
    rule.effects[effect]?.some(({ role }) => role === 'first-approver'),
  );
  if (rule.match.renewal?.to !== 0) return [];
  return onlyFirst.map((effect) =>
    finding(
      'pack-never',
      'asks for the first approver of the chain, but matches first requests alone, which have none; a renewal from 1 on would pass',
      rule,
      [...path, effect],
    ),
  );
}

function isEmptyValue(value: object): boolean {
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

const LIMITS: readonly LimitName[] = ['maximum', 'default', 'extension', 'total'];
const NEEDED: readonly LimitName[] = ['maximum', 'extension', 'total'];

function limitFindings({ rules, chains }: Policy): PackFinding[] {
  const limiting = rules.filter(({ effects }) => LIMITS.some((name) => effects[name]));
  const cells = matchCells(limiting, chains.permanent_after);
  if (!cells) return [tooMany('time limits')];
  const kinds = cells.map((cell) => ({ cell, matching: matchingOf(limiting, cell) }));
  const uncovered = NEEDED.flatMap((name) => {
    const bare = kinds.find(({ matching }) => !strictest(matching, name));
    if (!bare) return [];
    const message = `set no ${name} for ${cellText(bare.cell)}; a rule without "match" that sets one would pass (every exception ends: 002)`;
    return [finding('pack-uncovered', message)];
  });
  return [...uncovered, ...shortTotals(kinds, rules), ...idleDefaults(kinds, rules)];
}

interface RecordKind {
  readonly cell: Facts;
  readonly matching: readonly PolicyRule[];
}

/** Totals that end before a maximum does; each once, with the first record that it is so for. */
function shortTotals(kinds: readonly RecordKind[], rules: readonly PolicyRule[]): PackFinding[] {
  const found = new Map<string, PackFinding>();
  for (const { cell, matching } of kinds) {
    const maximum = strictest(matching, 'maximum');
    const total = strictest(matching, 'total');
    if (!maximum || !total || limitEnd(0, total) >= limitEnd(0, maximum)) continue;
    if (found.has(total.rule)) continue;
    const index = rules.findIndex(({ id }) => id === total.rule);
    const message = `is ${total.duration}, shorter than the maximum of ${maximum.duration} that rule ${maximum.rule} sets for ${cellText(cell)}; a total of at least ${maximum.duration} would pass, or a maximum of at most ${total.duration}`;
    const path = ['rules', index, 'effects', 'total'];
    found.set(total.rule, finding('pack-contradiction', message, rules[index], path));
  }
  return [...found.values()];
}

/** Defaults that a shorter maximum takes the place of in every record that they are for. */
function idleDefaults(kinds: readonly RecordKind[], rules: readonly PolicyRule[]): PackFinding[] {
  return rules.flatMap((rule, index) => {
    const { default: usual } = rule.effects;
    const own = kinds.filter(({ matching }) => matching.includes(rule));
    if (usual === undefined || own.length === 0) return [];
    const maxima = own.map(({ matching }) => strictest(matching, 'maximum'));
    const isIdle = maxima.every((each) => each && limitEnd(0, each) < length(usual));
    const [maximum] = maxima;
    if (!isIdle || !maximum) return [];
    const message = `is ${usual}, longer than the maximum of ${maximum.duration} wherever the rule matches (rule ${maximum.rule}); at most ${maximum.duration} would pass`;
    return [finding('pack-contradiction', message, rule, ['rules', index, 'effects', 'default'])];
  });
}

/** Transitions that nobody could bring about, since the rules have no role in common. */
function gateFindings({ rules, chains }: Policy): PackFinding[] {
  const guarding = rules.filter(({ effects }) => effects.gates);
  const cells = matchCells(guarding, chains.permanent_after);
  if (!cells) return [tooMany('gates')];
  const found = new Map<string, PackFinding>();
  for (const cell of cells) {
    const matching = matchingOf(guarding, cell);
    for (const [gate, roles] of Object.entries(gatesOf(matching)) as [Gate, string[]][]) {
      if (roles.length > 0) continue;
      const asking = matching.filter(({ effects }) => effects.gates?.[gate]);
      const last = asking.at(-1);
      const names = asking.map(({ id }) => id).join(', ');
      const index = last ? rules.indexOf(last) : 0;
      const message = `lets nobody ${gate} ${cellText(cell)}: rules ${names} have no role in common; a role that all of them name would pass`;
      const path = ['rules', index, 'effects', 'gates', gate];
      if (!found.has(`${gate}\n${names}`))
        found.set(`${gate}\n${names}`, finding('pack-contradiction', message, last, path));
    }
  }
  return [...found.values()];
}

/** Records that nobody would have to approve; sign-offs of consumers are asked of those who are named. */
function unapproved({ rules, chains }: Policy): PackFinding[] {
  const asking = rules.filter(({ effects }) =>
    effects.approvals?.some(({ role }) => role !== 'consumer' && role !== 'first-approver'),
  );
  const cells = matchCells(asking, chains.permanent_after);
  if (!cells) return [tooMany('approvals')];
  const bare = cells.find((cell) => matchingOf(asking, cell).length === 0);
  if (!bare) return [];
  const message = `ask nobody to approve ${cellText(bare)}; a rule without "match" that asks for an approval would pass (000 section 2)`;
  return [finding('pack-uncovered', message)];
}

/** An escalation that comes when the request has lapsed already. */
function idleEscalation({ escalation: { after }, undecided_after }: Policy): PackFinding[] {
  if (after === null || length(after) < length(undecided_after)) return [];
  const message = `is ${after}, but a request lapses after ${undecided_after} (undecided_after); less than that would pass, or null for never`;
  return [finding('pack-never', message, undefined, ['escalation', 'after'])];
}

function tooMany(what: string): PackFinding {
  const message = `tell apart more kinds of records by their ${what} than can be checked; let fewer conditions decide on them`;
  return finding('pack-uncovered', message);
}

function matchingOf(rules: readonly PolicyRule[], cell: Facts): PolicyRule[] {
  return rules.filter(({ match }) => matches(match, cell));
}

function length(text: string): number {
  const parsed = parseDuration(text);
  return parsed ? addDuration(0, parsed) : 0;
}
