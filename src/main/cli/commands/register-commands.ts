import { type Command, Option } from 'commander';
import { REPORT_NAMES } from '../render/report-names.ts';
import { addFieldFlags } from './field-flags.ts';
import { addListFilters, SORT_FLAG } from './list-filters.ts';
import { BREAK_GLASS, examples, JSON_FLAG, repeatable, wholeNumber } from './option-values.ts';

/** `new`, `list`, `show`, `edit`, `history`, `report`. */
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
  addReport(program);
}

function addReport(program: Command): void {
  program
    .command('report')
    .argument('[name]', `one of ${REPORT_NAMES.join(', ')}; otherwise all of them`)
    .description('the register in numbers: what is open, how old, how severe, and where')
    .addOption(
      new Option('--format <format>', 'charts, or tables in Markdown')
        .choices(['charts', 'md'])
        .conflicts('json'),
    )
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse report',
        'lapse report severity',
        'lapse report --format md > register.md',
        'lapse report summary --json | jq .overdue',
      ),
    )
    .action(async (name, options) => (await import('../actions/report.ts')).report(name, options));
}

function addNew(program: Command): void {
  const command = program
    .command('new')
    .description('make a draft; on a terminal it asks for what is missing')
    .option('-f, --file <path>', 'fields from a YAML or JSON file; - reads standard input')
    .option('-t, --template <name>', 'begin from a template; see lapse policy templates')
    .option('--submit', 'ask for approval at once')
    .addOption(new Option(...BREAK_GLASS).conflicts('submit'))
    .option('--no-input', 'never ask')
    .option(...JSON_FLAG)
    .addOption(setOption());
  addFieldFlags(command)
    .addHelpText(
      'after',
      examples(
        'lapse new',
        'lapse new --template firewall --title "Open port 8443"',
        'lapse new --title "Open port 8443" --environment prod --control firewall',
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
        'lapse edit EXC_01K… --set remediation_plan.steps.0.text="OAuth is live"',
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

function addList(program: Command): void {
  const command = program
    .command('list [search]')
    .description('the register, filtered and sorted; several values of one filter mean "any of"');
  addListFilters(command)
    .optionsGroup('Output:')
    .option(...SORT_FLAG)
    .option('--limit <count>', 'how many, at most 200', wholeNumber(1))
    .option('--cursor <cursor>', 'go on where a list ended')
    .addOption(new Option('--all', 'all of them, page after page').conflicts('limit'))
    .addOption(
      new Option('--count', 'only how many there are').conflicts(['all', 'limit', 'cursor']),
    )
    .addOption(
      new Option('--watch [seconds]', 'draw it anew every 2 seconds, until Ctrl-C')
        .argParser(wholeNumber(1))
        .conflicts(['all', 'count', 'cursor', 'json']),
    )
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
