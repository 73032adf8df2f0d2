import { type Command, Option } from 'commander';
import { addListFilters, SORT_FLAG } from './list-filters.ts';
import { examples, JSON_FLAG, repeatable } from './option-values.ts';

/** `import`, `comment`, `evidence`, `violation`: what is added to the register and its records. */
export function addRecordCommands(program: Command): void {
  program.commandsGroup('Register:');
  addImport(program);
  addExport(program);
  program
    .command('comment <id> <text>')
    .description('say something beside the record')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse comment EXC_01K… "the vendor confirmed the date"'))
    .action(async (id, text, options) =>
      (await import('../actions/additions.ts')).comment(id, text, options),
    );
  addEvidence(program);
  program
    .command('violation <id>')
    .description('record that it was violated, and with what impact')
    .addOption(
      new Option('--impact <impact>', 'what it did')
        .choices(['none', 'degraded', 'outage', 'data'])
        .makeOptionMandatory(),
    )
    .requiredOption('--description <text>', 'what happened')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse violation EXC_01K… --impact degraded --description "limit was exceeded"'),
    )
    .action(async (id, options) =>
      (await import('../actions/additions.ts')).recordViolation(id, options),
    );
}

function addEvidence(program: Command): void {
  const evidence = program
    .command('evidence')
    .helpCommand(false)
    .description('add, list, get: links and files that show progress or proof')
    .addHelpText('after', examples('lapse evidence list EXC_01K…', 'lapse evidence add --help'));
  evidence
    .command('add <id> [link...]')
    .description('add links, and files of at most 25 MB')
    .addOption(repeatable('--file <path>', 'a PDF, image, text, office document or ZIP of them'))
    .option('--note <text>', 'what they show')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse evidence add EXC_01K… https://git.example.com/pr/1234',
        'lapse evidence add EXC_01K… --file scan.pdf --note "the port is shut"',
      ),
    )
    .action(async (id, links, options) =>
      (await import('../actions/evidence.ts')).addEvidence(id, links, options),
    );
  evidence
    .command('list <id>')
    .description('its links and files, with digests')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse evidence list EXC_01K…'))
    .action(async (id, options) =>
      (await import('../actions/evidence.ts')).listEvidence(id, options),
    );
  evidence
    .command('get <id> <digest>')
    .description('save a file, and check it; the beginning of its digest will do')
    .option('-o, --output <path>', 'where to; else here, under its own name')
    .addHelpText('after', examples('lapse evidence get EXC_01K… 9f86d081 --output memo.pdf'))
    .action(async (id, digest, options) =>
      (await import('../actions/evidence.ts')).getEvidence(id, digest, options),
    );
}

function addExport(program: Command): void {
  const command = program
    .command('export [search]')
    .description('the register, or the part that the filters choose, as a file');
  addListFilters(command)
    .optionsGroup('Output:')
    .option('--format <format>', 'csv, json, jsonl or md; else the ending of --output, else csv')
    .option('-o, --output <file>', 'write this file, whole or not at all; else standard output')
    .option(...SORT_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse export --output register.csv',
        'lapse export --format md --open --environment prod > register.md',
        'lapse export --format jsonl --overdue | jq -r .exception_id',
        'lapse export -o all.json && LAPSE_TOKEN=lapse_… lapse import --assign all.json',
      ),
    )
    .action(async (search, options) =>
      (await import('../actions/export-register.ts')).exportRegister(search, options),
    );
}

function addImport(program: Command): void {
  program
    .command('import <file...>')
    .description('make drafts of the records in YAML, JSON or CSV files: all of them, or none')
    .option('--assign', 'keep foreign ids, tenants and claims aside instead of refusing them')
    .option('--preview', 'show what each record would become and every problem; store nothing')
    .option('--dry-run', 'check, and store nothing')
    .optionsGroup('Files:')
    .addOption(
      new Option(
        '--format <format>',
        'what the files are, where ending and content do not tell',
      ).choices(['csv', 'json', 'jsonl', 'yaml']),
    )
    .addOption(
      new Option('--delimiter <delimiter>', 'of CSV files; else found in the header').choices([
        'comma',
        'semicolon',
        'tab',
      ]),
    )
    .addOption(
      repeatable('--map <column=field>', 'a column of another name; "Column=" leaves it out'),
    )
    .option('--map-file <path>', 'the same in a YAML or JSON file: "Column: field"')
    .optionsGroup('Output:')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse import register.yaml --dry-run',
        'lapse import exceptions/*.yaml --assign',
        'cat register.yaml | lapse import -',
        'lapse import waivers.csv --preview --map "Due=expires_at" --map "Comment="',
        'lapse import exemptions.csv --preview        # as EPAC has them',
      ),
    )
    .action(async (files, options) =>
      (await import('../actions/import-files.ts')).importFiles(files, options),
    );
}
