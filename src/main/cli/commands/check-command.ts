import { type Command, Option } from 'commander';
import { FORMATS } from '../check/check-options.ts';
import { examples, wholeNumber } from './option-values.ts';

/** `check`: the one command that needs no server. */
export function addCheckCommand(program: Command): void {
  program.commandsGroup('Register:');
  program
    .command('check <file...>')
    .description('what an import and a submit would say of records in files; needs no server')
    .addOption(new Option('--format <format>', 'how it is told').choices([...FORMATS]))
    .option('--as-of <instant>', 'check as of then instead of now, in RFC 3339')
    .option('--policy <file>', 'check against the pack in a file, not the built-in one')
    .option('--max-warnings <count>', 'fail beyond so many warnings', wholeNumber(0))
    .option('--quiet', 'tell of errors alone')
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      examples(
        'lapse check exceptions/*.yaml',
        'lapse check register.yaml --format sarif > lapse.sarif',
        'lapse check register.yaml --format github --max-warnings 0',
        'lapse check register.yaml --policy policy.yaml',
        'lapse check register.yaml --as-of 2026-04-01T00:00:00Z',
        'cat records.jsonl | lapse check -',
      ),
    )
    .action(async (files, options) =>
      (await import('../actions/check-files.ts')).checkFiles(files, options),
    );
}
