import { type Command, Option } from 'commander';
import { FORMATS, PLAN_COMMAND } from '../check/check-options.ts';
import { examples, wholeNumber } from './option-values.ts';

/** `check`, which needs no server, and `check terraform-plan`, which asks one. */
export function addCheckCommand(program: Command): void {
  program.commandsGroup('Register:');
  const check = program
    .command('check <file...>')
    // What stands after `terraform-plan` is for that.
    .enablePositionalOptions()
    .helpCommand(false)
    .description('what an import and a submit would say of records in files; needs no server')
    .option('--as-of <instant>', 'check as of then instead of now, in RFC 3339')
    .option('--policy <file>', 'check against the pack in a file, not the built-in one')
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
  const plan = check
    .command(`${PLAN_COMMAND} <file>`)
    .description('what access a Terraform plan gives, and whether exceptions in force cover it')
    .addHelpText(
      'after',
      examples(
        'terraform show -json plan.bin > plan.json',
        'lapse check terraform-plan plan.json',
        'lapse check terraform-plan plan.json --format sarif > lapse.sarif',
        'terraform show -json plan.bin | lapse check terraform-plan -',
      ),
    )
    .action(async (file, _, command: Command) =>
      (await import('../actions/check-terraform-plan.ts')).checkTerraformPlan(
        file,
        command.optsWithGlobals(),
      ),
    );
  for (const command of [check, plan]) addReportOptions(command);
}

function addReportOptions(command: Command): void {
  command
    .addOption(new Option('--format <format>', 'how it is told').choices([...FORMATS]))
    .option('--max-warnings <count>', 'fail beyond so many warnings', wholeNumber(0))
    .option('--quiet', 'tell of errors alone')
    .option('--json', 'the same as --format json');
}
