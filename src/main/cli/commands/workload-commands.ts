import { type Command, Option } from 'commander';
import { PERMISSIONS } from '../../../domain/access/permissions.ts';
import { WORKLOAD_ROLES } from '../../../domain/access/workload-roles.ts';
import { CLASSIFICATIONS } from '../../../domain/exception/fields.ts';
import { examples, JSON_FLAG, repeatable } from './option-values.ts';

/** `workload`: pipelines and services that sign in without a secret. */
export function addWorkloadCommands(program: Command): void {
  const workload = program
    .command('workload')
    .helpCommand(false)
    .description("add, list, remove: pipelines that sign in with their platform's token")
    .addHelpText('after', examples('lapse workload list', 'lapse workload add --help'));
  workload
    .command('add')
    .description("let a platform's tokens sign in that make these claims")
    .requiredOption('--name <name>', 'what signs in, as the ledger names it')
    .requiredOption('--issuer <url>', 'who signs its tokens')
    .addOption(
      repeatable(
        '--claim <name=value>',
        'what its tokens have to say, exactly; one of the values of a name',
      ).makeOptionMandatory(),
    )
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices([...WORKLOAD_ROLES])
        .makeOptionMandatory(),
    )
    .addOption(repeatable('--scope <scope>', 'what of its role it may use', PERMISSIONS))
    .addOption(
      new Option('--clearance <level>', 'what it is shown at most; internal otherwise').choices([
        ...CLASSIFICATIONS,
      ]),
    )
    .option('--audience <audience>', 'for whom its tokens are, where it cannot choose')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse workload add --name deploy --role requestor --scope exception:read \\',
        '  --issuer https://token.actions.githubusercontent.com \\',
        '  --claim repository=acme/app --claim ref=refs/heads/main',
      ),
    )
    .action(async (options) => (await import('../actions/workloads.ts')).addWorkload(options));
  workload
    .command('list')
    .description('the workloads that may sign in, and by which claims')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse workload list'))
    .action(async (options) => (await import('../actions/workloads.ts')).listWorkloads(options));
  workload
    .command('remove <id>')
    .description('let a workload sign in no more')
    .addHelpText('after', examples('lapse workload remove wl_01K…'))
    .action(async (id) => (await import('../actions/workloads.ts')).removeWorkload(id));
}
