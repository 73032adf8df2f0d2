import {
  CATEGORIES,
  CHANGE_CLASSES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
  KINDS,
  NAMED_LISTS,
} from '../exception/fields.ts';
import { BREADTHS } from './breadth.ts';
import { type Condition, conditionsOf, type Facts, holds, type Match } from './match.ts';

/** More kinds of records than this are not told apart: nobody could read such a pack either. */
const MOST_CELLS = 100_000;

type Partial1 = Partial<Facts>;

/**
 * One record for each way in which some rules can match together: what holds of these holds of every
 * record. A permanent exception follows at least `permanentAfter` renewals. `undefined` where the rules tell apart more kinds of records than can be looked at.
 */
export function matchCells(
  rules: readonly { readonly match: Match }[],
  permanentAfter: number,
): Facts[] | undefined {
  const asked = new Set(rules.flatMap(({ match }) => conditionsOf(match)));
  // Permanence depends on renewals, so that neither can be left out where the other is asked for.
  if (asked.has('kind')) asked.add('renewal');
  let cells: Partial1[] = [{}];
  for (const condition of asked) {
    const values = distinct(condition, rules, permanentAfter);
    if (cells.length * values.length > MOST_CELLS) return undefined;
    cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, ...value })));
  }
  return cells
    .map((cell) => ({ ...PLAIN, ...cell }))
    .filter((cell) => isPossible(cell, permanentAfter));
}

const PLAIN: Facts = {
  kind: 'time-boxed',
  breadth: 'narrow',
  renewal: 0,
  names: [],
  regions: 'one',
};

/** Whether there can be such a record. */
function isPossible({ kind, renewal }: Facts, permanentAfter: number): boolean {
  return kind !== 'permanent' || renewal >= permanentAfter;
}

/** Of the values that a condition looks at one for each set of rules that they fulfil. */
function distinct(
  condition: Condition,
  rules: readonly { readonly match: Match }[],
  permanentAfter: number,
): readonly Partial1[] {
  const asking = rules.filter(({ match }) => match[condition] !== undefined);
  const bySignature = new Map<string, Partial1>();
  for (const value of valuesOf(condition, rules, permanentAfter)) {
    const facts = { ...PLAIN, ...value };
    const signature = asking.map(({ match }) => (holds(condition, match, facts) ? 1 : 0)).join('');
    // Permanence begins at a renewal of its own.
    const key = `${signature}${isPossible({ ...facts, kind: 'permanent' }, permanentAfter)}`;
    if (!bySignature.has(key)) bySignature.set(key, value);
  }
  return [...bySignature.values()];
}

function valuesOf(
  condition: Condition,
  rules: readonly { readonly match: Match }[],
  permanentAfter: number,
): readonly Partial1[] {
  switch (condition) {
    case 'renewal': {
      const ends = rules.flatMap(({ match: { renewal } }) => [
        ...(renewal?.from === undefined ? [] : [renewal.from]),
        ...(renewal?.to === undefined ? [] : [renewal.to + 1]),
      ]);
      const numbers = [...new Set([0, permanentAfter, ...ends])];
      return numbers.sort((a, b) => a - b).map((renewal) => ({ renewal }));
    }
    case 'names':
      return subsets(NAMED_LISTS).map((names) => ({ names }));
    case 'regions':
      return [{ regions: 'one' }, { regions: 'several' }];
    case 'kind':
      return KINDS.map((kind) => ({ kind }));
    case 'breadth':
      return BREADTHS.map((breadth) => ({ breadth }));
    default:
      return [undefined, ...CHOICES[condition]].map((value) => ({ [condition]: value }));
  }
}

const CHOICES = {
  category: CATEGORIES,
  control: CONTROLS,
  environment: ENVIRONMENTS,
  data_classification: CLASSIFICATIONS,
  severity: ['High', 'Medium', 'Low'],
  change_class: CHANGE_CLASSES,
} as const;

function subsets<T>(values: readonly T[]): T[][] {
  const sets: T[][] = [[]];
  for (const value of values) sets.push(...sets.map((set) => [...set, value]));
  return sets;
}

/** A kind of record in words: what it says, and nothing that it may leave open. */
export function cellText(facts: Facts): string {
  const said = Object.entries(facts).flatMap(([name, value]) => {
    if (value === undefined || value === PLAIN[name as keyof Facts]) return [];
    if (Array.isArray(value)) return value.length > 0 ? [`names ${value.join(', ')}`] : [];
    return [`${name} ${value}`];
  });
  return said.length > 0
    ? `a record with ${said.join(', ')}`
    : 'a record to which no condition applies';
}
