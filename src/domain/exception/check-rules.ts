import { PLAN_RULES, type PlanRule } from '../enforcement/plan-rules.ts';
import { PACK_RULES, type PackRule } from '../policy/pack-rules.ts';
import type { RemarkRule } from './import-remarks.ts';

/** `error`: an import or a submit would refuse it. `warning`: read otherwise than it is written. */
export type CheckLevel = 'error' | 'warning' | 'note';

/** The names are stable: reports and suppressions of other tools refer to them. */
export type CheckRule =
  | RemarkRule
  | PackRule
  | PlanRule
  | 'syntax'
  | 'limit'
  | 'ended'
  | 'ends-soon'
  | 'incomplete'
  | 'duplicate'
  | 'read-otherwise';

interface RuleText {
  /** The level that it has, unless a finding says otherwise. */
  readonly level: CheckLevel;
  /** In a few words. */
  readonly summary: string;
  /** Why it is so, and what passes. */
  readonly help: string;
}

/** Everything that a check may find, in the order in which a record is read. */
export const CHECK_RULES: Readonly<Record<CheckRule, RuleText>> = {
  syntax: {
    level: 'error',
    summary: 'The file cannot be read as records',
    help: 'A file is UTF-8 text with YAML 1.2 or JSON: one record, a list of records, several documents parted by lines of "---", or one JSON object a line.',
  },
  limit: {
    level: 'error',
    summary: 'The file or a record is larger than it may be',
    help: 'A file may have 50 MB and 100,000 records; a record 256 KB, 32 levels, 10,000 values and 100 aliases. Split what is larger.',
  },
  'read-otherwise': {
    level: 'warning',
    summary: 'Something is read otherwise than it is written',
    help: 'Doubled braces, as templates have them, are read as single ones. Write what is meant.',
  },
  field: {
    level: 'error',
    summary: 'A field has a value that is not accepted',
    help: 'Each field has a shape: a choice, a text of limited length, a list, a reference. The message says what would pass.',
  },
  'unknown-key': {
    level: 'error',
    summary: 'A key is not a field of a record',
    help: 'Unknown keys are refused, since a mistyped one would otherwise be dropped unseen. The message names the nearest known key.',
  },
  empty: {
    level: 'warning',
    summary: 'A field is empty',
    help: 'A key with nothing after it is read as left out. Fill it in, or remove the line.',
  },
  date: {
    level: 'error',
    summary: 'A date is malformed',
    help: 'A time is an RFC 3339 instant such as 2026-03-07T00:00:00Z, or a day such as 2026-03-07. A date that cannot be read never counts as one that lies ahead.',
  },
  'plain-date': {
    level: 'warning',
    summary: 'A date has no time',
    help: 'A day is read as 00:00 UTC of that day, which is its beginning. Write the instant to be sure of what is meant.',
  },
  end: {
    level: 'error',
    summary: 'The policy refuses the end, the start or the duration',
    help: 'The policy sets the longest duration, counted from approval: 90 days, or less by control. A record whose end the policy should set leaves expires_at out.',
  },
  ended: {
    level: 'error',
    summary: 'The exception has ended',
    help: 'Its end has passed: what it permitted is no longer permitted. Remove the record, or ask for a new exception.',
  },
  'ends-soon': {
    level: 'warning',
    summary: 'The exception ends soon',
    help: 'Its end lies within 7 days. End what it permits, or ask for a renewal in time.',
  },
  incomplete: {
    level: 'error',
    summary: 'The record lacks what a request needs',
    help: 'A draft needs a title alone; it is submitted with every field that the register requires.',
  },
  id: {
    level: 'warning',
    summary: 'The id is not one of Lapse',
    help: 'EXC_ and a valid ULID is kept as the id. A UUID goes to external_ids; anything else does so with --assign, and is refused without.',
  },
  tenant: {
    level: 'warning',
    summary: 'The tenant cannot be yours',
    help: 'tenant_org is the id of your own tenant, a ULID, or is left out. Another one is kept in external_ids with --assign, and refused without.',
  },
  claim: {
    level: 'warning',
    summary: 'A status or an approval is claimed',
    help: 'An import makes drafts, otherwise a file would approve itself: what it claims is kept aside with --assign, and refused without.',
  },
  decided: {
    level: 'error',
    summary: 'The field is decided by Lapse alone',
    help: 'Permanence and chains of renewals come about in the register. Leave the field out.',
  },
  size: {
    level: 'error',
    summary: 'The record is larger than it may be',
    help: 'A record may have 256 KB with its claims.',
  },
  duplicate: {
    level: 'error',
    summary: 'Two records of a file are the same',
    help: 'Records of one file have different ids, and without ids different contents.',
  },
  ...PACK_RULES,
  ...PLAN_RULES,
};
