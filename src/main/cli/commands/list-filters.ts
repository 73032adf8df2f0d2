import { LIST_PARAMETERS } from '@lapse/client';
import type { Command } from 'commander';
import { repeatable, wholeNumber } from './option-values.ts';

/** Filters whose options are written by hand: they are no plain list of values. */
const OTHER_FILTERS = new Set([
  'q',
  'expires_before',
  'expires_after',
  'expiring_within',
  'overdue',
  'open',
  'sort',
  'limit',
  'cursor',
  'count',
]);

const FILTERS: Readonly<Record<string, string>> = {
  status: 'where it stands',
  category: 'what it is about',
  control: 'the control that it is an exception from',
  environment: 'where it holds',
  data_classification: 'the data that it touches',
  severity: 'how much is at risk',
  kind: 'whether it has an end of its own',
  requestor: 'name or address of who asked',
  owner: 'name or address of who answers for it',
  service: 'a service that it touches',
  policy_ref: 'a rule that is not followed',
};

export const SORT_FLAG = [
  '--sort <column>',
  'expires_at, created_at, updated_at or title; - in front turns it round',
] as const;

/** The filters of the register, for whatever shows or takes a part of it. */
export function addListFilters(command: Command): Command {
  command.optionsGroup('Filters:');
  for (const parameter of LIST_PARAMETERS) {
    if (OTHER_FILTERS.has(parameter.name)) continue;
    const flag = parameter.name.replaceAll('_', '-');
    const values = 'values' in parameter ? parameter.values : [];
    const about = parameter.about || (FILTERS[parameter.name] ?? '');
    command.addOption(repeatable(`--${flag} <value>`, about, values));
  }
  return command
    .option('--expires-before <date>', 'ends before this day or instant')
    .option('--expires-after <date>', 'ends after it')
    .option('--expiring-within <days>', 'in force, and ends within so many days', wholeNumber(0))
    .option('--overdue', 'past its end and not yet shown to be over')
    .option('--no-overdue', 'all others')
    .option('--open', 'Active, Expiring, Extended or Expired')
    .option('--no-open', 'all others');
}
