import { type ExceptionFields, NAMED_LISTS } from '../exception/fields.ts';
import { severity } from '../exception/risk.ts';
import { breadth } from './breadth.ts';
import { type ChainPlace, FIRST_OF_CHAIN, type PolicyRule } from './policy.ts';

/** What a rule asks of a record. */
export type Match = PolicyRule['match'];
/** One thing that a rule may ask of a record: `control`, `renewal` … */
export type Condition = keyof Match;

/** What rules look at of a record; where a record says nothing, no rule that asks for it matches. */
export interface Facts extends Pick<ExceptionFields, Choice> {
  readonly severity?: ReturnType<typeof severity>;
  readonly kind: ChainPlace['kind'];
  readonly breadth: ReturnType<typeof breadth>;
  readonly renewal: number;
  /** The lists that name something. */
  readonly names: readonly (typeof NAMED_LISTS)[number][];
  readonly regions: 'one' | 'several';
}

type Choice = 'category' | 'control' | 'environment' | 'data_classification' | 'change_class';

/** The facts of a record at its place in its chain. */
export function factsOf(fields: ExceptionFields, place: ChainPlace = FIRST_OF_CHAIN): Facts {
  return {
    category: fields.category,
    control: fields.control,
    environment: fields.environment,
    data_classification: fields.data_classification,
    severity: severity(fields),
    change_class: fields.change_class,
    kind: place.kind,
    breadth: breadth(fields),
    renewal: place.renewal_number,
    names: NAMED_LISTS.filter((list) => (fields[list]?.length ?? 0) > 0),
    regions: (fields.scope?.regions?.length ?? 0) > 1 ? 'several' : 'one',
  };
}

/** Whether everything that a rule asks of a record holds. */
export function matches(match: Match, facts: Facts): boolean {
  return conditionsOf(match).every((condition) => holds(condition, match, facts));
}

/** What a rule asks and a record does not fulfil; empty where the rule matches. */
export function unmetConditions(match: Match, facts: Facts): Condition[] {
  return conditionsOf(match).filter((condition) => !holds(condition, match, facts));
}

/** Everything that a rule asks of records. */
export function conditionsOf(match: Match): Condition[] {
  return (Object.keys(match) as Condition[]).filter((condition) => match[condition] !== undefined);
}

/** Whether one condition of a rule holds. */
export function holds(condition: Condition, match: Match, facts: Facts): boolean {
  switch (condition) {
    case 'renewal': {
      const { from = 0, to = Number.POSITIVE_INFINITY } = match.renewal ?? {};
      return from <= facts.renewal && facts.renewal <= to;
    }
    case 'names':
      return match.names?.some((list) => facts.names.includes(list)) ?? true;
    case 'regions':
      return match.regions === facts.regions;
    default: {
      const wanted: readonly string[] = match[condition] ?? [];
      const value = facts[condition];
      return value !== undefined && wanted.includes(value);
    }
  }
}
