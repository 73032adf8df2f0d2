import { type Command, Option } from 'commander';
import { FORMATS } from '../check/check-options.ts';
import { examples, JSON_FLAG } from './option-values.ts';

/** `policy`: who may decide what, and for how long, as a file. */
export function addPolicyCommands(program: Command): void {
  const policy = program
    .command('policy')
    .helpCommand(false)
    .description('show, templates, check, explain, diff, put: the rules that decide')
    .addHelpText('after', examples('lapse policy show > policy.yaml', 'lapse policy put --help'));
  policy
    .command('show')
    .description('the policy pack in force as YAML, to begin one from')
    .option('--built-in', 'the pack that comes with Lapse; needs no server')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse policy show > policy.yaml', 'lapse policy show --json | jq .digest'),
    )
    .action(async (options) => (await import('../actions/policy-show.ts')).showPolicy(options));
  policy
    .command('templates')
    .description('what new requests can begin from: lapse new --template NAME')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse policy templates', 'lapse new --template firewall --title "…"'),
    )
    .action(async (options) =>
      (await import('../actions/policy-templates.ts')).listTemplates(options),
    );
  policy
    .command('check <file...>')
    .description('what is wrong with policy packs; exit 1 where anything is; needs no server')
    .addOption(new Option('--format <format>', 'how it is told').choices([...FORMATS]))
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      examples('lapse policy check policy.yaml', 'lapse policy check policy.yaml --format github'),
    )
    .action(async (files, options) =>
      (await import('../actions/policy-check.ts')).checkPacks(files, options),
    );
  policy
    .command('explain <record>')
    .description('which rules match a record, what each asks, and which won')
    .option('--policy <file>', 'by the pack in a file instead of the one in force')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse policy explain EXC_01K…',
        'lapse policy explain exception.yaml --policy policy.yaml',
      ),
    )
    .action(async (record, options) =>
      (await import('../actions/policy-explain.ts')).explainRecord(record, options),
    );
  policy
    .command('diff <file>')
    .description('what a pack would ask of every request and open record')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse policy diff policy.yaml'))
    .action(async (file, options) =>
      (await import('../actions/policy-diff.ts')).diffPack(file, options),
    );
  policy
    .command('put <file>')
    .description('put a pack in force, after showing what it changes')
    .option('--yes', 'do not ask')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse policy put policy.yaml'))
    .action(async (file, options) =>
      (await import('../actions/policy-diff.ts')).putPack(file, options),
    );
}
