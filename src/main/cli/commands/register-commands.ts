import { LIST_PARAMETERS } from '@lapse/client';
import type { Command } from 'commander';
import { addFieldFlags } from './field-flags.ts';
import { examples, JSON_FLAG, repeatable, wholeNumber } from './option-values.ts';

/** `new`, `list`, `show`, `edit`, `history`. */
export function addRegisterCommands(program: Command): void {
  program.commandsGroup('Register:');
  addNew(program);
  addList(program);
  program
    .command('show <id>')
    .description('one exception: where it stands, who has to decide, how it ends')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse show EXC_01K…', 'lapse show EXC_01K… --json | jq .status'),
    )
    .action(async (id, options) => (await import('../actions/show.ts')).show(id, options));
  addEdit(program);
  program
    .command('history <id>')
    .description('everything that happened to it, with its place in the ledger')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse history EXC_01K…'))
    .action(async (id, options) => (await import('../actions/show.ts')).history(id, options));
}

function addNew(program: Command): void {
  const command = program
    .command('new')
    .description('make a draft; on a terminal it asks for what is missing')
    .option('-f, --file <path>', 'fields from a YAML or JSON file; - reads standard input')
    .option('--submit', 'ask for approval at once')
    .option('--no-input', 'never ask')
    .option(...JSON_FLAG)
    .addOption(setOption());
  addFieldFlags(command)
    .addHelpText(
      'after',
      examples(
        'lapse new',
        'lapse new --title "Open port 8443 for the vendor" --environment prod --control firewall',
        'lapse new --file exception.yaml --set environment=staging --submit',
        "lapse new --title T --set 'telemetry={dashboards: [API Health]}'",
        'lapse new --title T --owner "A. Rivera <arivera@example.com>, Integrations"',
      ),
    )
    .action(async (options) => (await import('../actions/new-record.ts')).newRecord(options));
}

function addEdit(program: Command): void {
  const command = program
    .command('edit <id>')
    .description('change fields; on a terminal, without options, in $EDITOR')
    .option('-f, --file <path>', 'changes from a YAML or JSON file; null takes a field away')
    .addOption(setOption())
    .addOption(repeatable('--unset <path>', 'take a field away, or an entry of a list'))
    .option(...JSON_FLAG);
  addFieldFlags(command)
    .addHelpText(
      'after',
      examples(
        'lapse edit EXC_01K…',
        'lapse edit EXC_01K… --adr-id ADR-0217 --owner "J. Chen <jchen@example.com>"',
        'lapse edit EXC_01K… --set remediation_plan.closure_criteria.0.text="OAuth is live"',
        'lapse edit EXC_01K… --unset dependencies --unset evidence.1',
      ),
    )
    .action(async (id, options) =>
      (await import('../actions/edit-record.ts')).editRecord(id, options),
    );
}

function setOption() {
  return repeatable('--set <path=value>', 'set a field or a part of one; the value is YAML');
}

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

function addList(program: Command): void {
  const command = program
    .command('list [search]')
    .description('the register, filtered and sorted; several values of one filter mean "any of"')
    .optionsGroup('Filters:');
  for (const parameter of LIST_PARAMETERS) {
    if (OTHER_FILTERS.has(parameter.name)) continue;
    const flag = parameter.name.replaceAll('_', '-');
    const values = 'values' in parameter ? parameter.values : [];
    const about = parameter.about || (FILTERS[parameter.name] ?? '');
    command.addOption(repeatable(`--${flag} <value>`, about, values));
  }
  command
    .option('--expires-before <date>', 'ends before this day or instant')
    .option('--expires-after <date>', 'ends after it')
    .option('--expiring-within <days>', 'in force, and ends within so many days', wholeNumber(0))
    .option('--overdue', 'past its end and not yet shown to be over')
    .option('--no-overdue', 'all others')
    .option('--open', 'Active, Expiring, Extended or Expired')
    .option('--no-open', 'all others')
    .optionsGroup('Output:')
    .option(
      '--sort <column>',
      'expires_at, created_at, updated_at or title; - in front turns it round',
    )
    .option('--limit <count>', 'how many, at most 200', wholeNumber(1))
    .option('--cursor <cursor>', 'go on where a list ended')
    .option('--all', 'all of them, page after page')
    .option('--count', 'only how many there are')
    .option('--watch [seconds]', 'draw it anew every 2 seconds, until Ctrl-C', wholeNumber(1))
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse list --open --environment prod --sort expires_at',
        'lapse list "oauth webhook" --status Under-Review',
        'lapse list --expiring-within 14 --json | jq -r ".items[].exception_id"',
        'lapse list --overdue --count',
        'lapse list --open --sort expires_at --watch',
      ),
    )
    .action(async (search, options) => (await import('../actions/list.ts')).list(search, options));
}
