import type { Command } from 'commander';
import { GRANT_STATES } from '../../../domain/enforcement/grant.ts';
import { examples, JSON_FLAG, repeatable } from './option-values.ts';

/** `grants`, `removal-tasks`, `attest`, `connection`: what records give in the cloud, and that it ends. */
export function addGrantCommands(program: Command): void {
  program.commandsGroup('Access in the cloud:');
  addGrants(program);
  program
    .command('removal-tasks')
    .description('what a person has to take away, the oldest first')
    .option('--all', 'those that have ended too')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse removal-tasks', 'lapse removal-tasks --all --json'))
    .action(async (options) => (await import('../actions/removal-tasks.ts')).removalTasks(options));
  program
    .command('attest <task>')
    .description('state that what was granted is gone; your word is kept in the ledger')
    .requiredOption('--statement <text>', 'what you saw that shows it')
    .addOption(repeatable('--link <link>', 'where it can be seen').makeOptionMandatory())
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse attest RMT_01K… --statement "it is deleted; the list is empty" \\',
        '    --link https://tickets.example.com/OPS-17',
      ),
    )
    .action(async (task, options) =>
      (await import('../actions/removal-tasks.ts')).attest(task, options),
    );
  addConnection(program);
}

function addGrants(program: Command): void {
  const grants = program
    .command('grants')
    .argument('[id]', 'of one exception; otherwise of all that were in force')
    // What stands after `show` is for `show`.
    .enablePositionalOptions()
    .helpCommand(false)
    .description('what is in place in the cloud, what is overdue, and what Lapse does next')
    .addOption(repeatable('--status <status>', 'in this status', GRANT_STATES))
    .option('--dry-run', 'what Lapse would do, as a plan; no call is made')
    .option('--within <duration>', 'how far a plan looks ahead; P7D otherwise')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse grants EXC_01K…',
        'lapse grants --status failed --status manual',
        'lapse grants --dry-run --within P30D',
        'lapse grants show GRT_01K…-1',
        'lapse grants --json | jq ".items[] | select(.overdue_since)"',
      ),
    )
    .action(async (id, options) => (await import('../actions/grants.ts')).listGrants(id, options));
  grants
    .command('show <grant>')
    .description('one grant: what stands in the cloud, whose word it is, what was tried')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse grants show GRT_01K…-1'))
    .action(async (grant, _, command: Command) =>
      (await import('../actions/grants.ts')).showGrant(grant, command.optsWithGlobals()),
    );
}

function addConnection(program: Command): void {
  const connection = program
    .command('connection')
    .helpCommand(false)
    .description('list, put, remove: how clouds are reached, and how far Lapse goes there')
    .addHelpText('after', examples('lapse connection list', 'lapse connection put --help'));
  connection
    .command('list')
    .description('the connections in use, without their secrets')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse connection list'))
    .action(async (options) =>
      (await import('../actions/connections.ts')).listConnections(options),
    );
  connection
    .command('put <file>')
    .description('put a connection in use, or change it, as a YAML or JSON file says')
    .option('--name <name>', 'its name, where the file has none')
    .option('--secret-file <file>', 'its secret; - reads standard input; left out, it stays')
    .option('--no-secret', 'it has no secret any more')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse connection put azure.yaml --secret-file client-secret.txt',
        'lapse connection put - < azure.yaml',
      ) + A_FILE,
    )
    .action(async (file, options) =>
      (await import('../actions/connections.ts')).putConnection(file, options),
    );
  connection
    .command('remove <name>')
    .description('take a connection out of use; what only it reaches is then for people')
    .addHelpText('after', examples('lapse connection remove azure'))
    .action(async (name) => (await import('../actions/connections.ts')).removeConnection(name));
}

const A_FILE = `
A file:
  name: azure
  connector: azure
  mode: remove                  # or observe, manage
  modes: { rbac-tier-0: observe }
  directory_id: 99999999-2222-4333-8444-555555555555
  subscriptions: [11111111-2222-4333-8444-555555555555]
  credential:
    kind: client-secret
    client_id: 77777777-2222-4333-8444-555555555555
`;
