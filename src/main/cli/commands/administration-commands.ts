import { type Command, Option } from 'commander';
import { ROLES } from '../../../domain/access/actor.ts';
import { PERMISSIONS } from '../../../domain/access/permissions.ts';
import { CLASSIFICATIONS } from '../../../domain/exception/fields.ts';
import { examples, JSON_FLAG, repeatable, wholeNumber } from './option-values.ts';
import { addWorkloadCommands } from './workload-commands.ts';

/** `ledger`, `token`, `workload`, `audit`, `tasks`, `doctor`. */
export function addAdministrationCommands(program: Command): void {
  program.commandsGroup('Administration:');
  addLedger(program);
  addToken(program);
  addWorkloadCommands(program);
  addAudit(program);
  program
    .command('tasks')
    .description('what waits for a person: what the machine cannot go on with, who has left')
    .option('--all', 'those that are resolved too')
    .option('--retry <task>', 'resolve one, and let the record be tried again')
    .option('--resolve <task>', 'resolve a reassignment that is not going to be made')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse tasks', 'lapse tasks --retry tsk_01K…'))
    .action(async (options) => (await import('../actions/tasks.ts')).tasks(options));
  program
    .command('doctor')
    .description('what is wrong with the server, and how to mend it; exit 1 where something is')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse doctor', 'lapse doctor --json | jq ".checks[].state"'))
    .action(async (options) => (await import('../actions/doctor.ts')).doctor(options));
}

function addLedger(program: Command): void {
  const ledger = program
    .command('ledger')
    .helpCommand(false)
    .description('verify, checkpoint, proof, new-epoch: the signed record of everything')
    .addHelpText('after', examples('lapse ledger verify', 'lapse ledger proof --help'));
  ledger
    .command('verify')
    .description('read it from beginning to end; exit 1 where anything is not what it should be')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse ledger verify', 'lapse ledger verify --json | jq .root'))
    .action(async (options) => (await import('../actions/ledger.ts')).verifyLedger(options));
  ledger
    .command('checkpoint')
    .description('the newest signed checkpoint; keep copies outside')
    .addHelpText('after', examples('lapse ledger checkpoint > checkpoint-$(date +%F).txt'))
    .action(async () => (await import('../actions/ledger.ts')).printCheckpoint());
  ledger
    .command('proof')
    .argument('<index>', 'place in the ledger, as `lapse history` names it', wholeNumber(0))
    .description('a receipt that proves an entry offline')
    .addHelpText('after', examples('lapse ledger proof 17 > entry-17.tlog-proof'))
    .action(async (index) => (await import('../actions/ledger.ts')).printProof(index));
  ledger
    .command('new-epoch')
    .description('let a register be changed again whose ledger has lost what was signed')
    .requiredOption('--reason <text>', 'what happened; kept in the ledger')
    .option('--yes', 'do not ask whether to give up what was signed')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse ledger new-epoch --reason "The disk failed; restored from a backup"'),
    )
    .action(async (options) => (await import('../actions/open-epoch.ts')).openEpoch(options));
}

function addAudit(program: Command): void {
  program
    .command('audit')
    .description('who signed in, who was refused, and what was administered')
    .option('--actor <id>', 'of one person or token, by id')
    .addOption(repeatable('--type <event>', 'SignedIn, SignInRefused, TokenCreated and so on'))
    .option('--from <date>', 'on this day, at this instant, or later')
    .option('--to <date>', 'before it')
    .option('--limit <count>', 'how many, the newest first; 50 otherwise', wholeNumber(1))
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse audit', 'lapse audit --type SignInRefused --from 2026-03-01'),
    )
    .action(async (options) => (await import('../actions/audit.ts')).audit(options));
}

function addToken(program: Command): void {
  const token = program
    .command('token')
    .helpCommand(false)
    .description(
      'create, list, revoke, sign-in-link, administrator, operator: who may use the register, and as what',
    )
    .addHelpText('after', examples('lapse token list', 'lapse token create --help'));
  token
    .command('create')
    .description('make a token; its secret is shown this once')
    .addOption(
      new Option('--role <role>', 'what it may do').choices([...ROLES]).makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'whose it is, or what uses it')
    .addOption(
      new Option(
        '--clearance <level>',
        'what is classified higher is not shown; yours otherwise',
      ).choices([...CLASSIFICATIONS]),
    )
    .option('--email <address>', 'ties it to a person: nobody approves what they requested')
    .addOption(repeatable('--scope <scope>', 'what of its role it may use', PERMISSIONS))
    .option(
      '--expires <date|duration>',
      'at most a year ahead, for example P90D, which it is otherwise',
    )
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse token create --role approver --name "J. Chen" --email jchen@example.com',
        'lapse token create --role ciso --name "I. Almeida" --email i.a@example.com',
        'lapse token create --role auditor --name audit --expires P30D > audit.token',
        'lapse token create --role auditor --name board --scope report:read',
        'lapse token create --role auditor --name chart --clearance internal',
      ),
    )
    .action(async (options) => (await import('../actions/tokens.ts')).createToken(options));
  token
    .command('list')
    .description('the tokens, without their secrets')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse token list'))
    .action(async (options) => (await import('../actions/tokens.ts')).listTokens(options));
  token
    .command('revoke <id>')
    .description('let a token open nothing any more')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse token revoke tok_01K…'))
    .action(async (id, options) => (await import('../actions/tokens.ts')).revokeToken(id, options));
  token
    .command('sign-in-link')
    .description("a link that signs an administrator in once; on the server's own machine alone")
    .option('--email <address>', 'for whom; an administrator is made where nobody has it')
    .option('--tenant <id>', 'where there are several')
    .addHelpText(
      'after',
      examples('lapse token sign-in-link', 'lapse token sign-in-link --email ada@example.com'),
    )
    .action(async (options) => (await import('../actions/sign-in-link.ts')).printLink(options));
  token
    .command('administrator')
    .description("the first administrator's token anew, 30 days; on the server's own machine alone")
    .addHelpText('after', examples('lapse token administrator'))
    .action(async () => (await import('../actions/tenants.ts')).renewAdministrator());
  token
    .command('operator')
    .description("an operator's token, for `lapse tenant`; on the server's own machine alone")
    .option('--name <name>', 'whose it is', 'Operator')
    .addHelpText('after', examples('lapse token operator --name "O. Duty"'))
    .action(async (options) => (await import('../actions/tenants.ts')).makeToken(options));
}
