import type { Command } from 'commander';
import { ROLES } from '../../../domain/access/actor.ts';
import { CLASSIFICATIONS } from '../../../domain/exception/fields.ts';
import { examples, JSON_FLAG, repeatable } from './option-values.ts';

/** `provider`, `session`, `whoami`: how people sign in, and where they are. */
export function addSignInCommands(program: Command): void {
  addProvider(program);
  const session = program
    .command('session')
    .helpCommand(false)
    .description('list, end: where people are signed in')
    .addHelpText('after', examples('lapse session list', 'lapse session end ses_01K…'));
  session
    .command('list')
    .description('live sessions: your own, or those of somebody')
    .option('--person <id>', "an administrator sees somebody else's")
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse session list', 'lapse session list --person per_01K…'))
    .action(async (options) => (await import('../actions/sessions.ts')).listSessions(options));
  session
    .command('end <id>')
    .description('let a session open nothing any more')
    .addHelpText('after', examples('lapse session end ses_01K…'))
    .action(async (id) => (await import('../actions/sessions.ts')).endSession(id));
  program
    .command('passkeys')
    .helpCommand(false)
    .description('move: where the passkeys belong that approvals are signed with')
    .addHelpText('after', examples('lapse passkeys move --reason "a new name"'))
    .command('move')
    .description("let them belong to the server's LAPSE_PUBLIC_URL; people register new ones")
    .requiredOption('--reason <text>', 'why; kept in the ledger')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse passkeys move --reason "a new name"'))
    .action(async (options) => (await import('../actions/passkeys.ts')).movePasskeys(options));
  program
    .command('whoami')
    .description('whose token this is, and what it may do')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse whoami'))
    .action(async (options) => (await import('../actions/sessions.ts')).whoAmI(options));
}

function addProvider(program: Command): void {
  const provider = program
    .command('provider')
    .helpCommand(false)
    .description('list, put, remove: OpenID providers through which people sign in')
    .addHelpText('after', examples('lapse provider list', 'lapse provider put --help'));
  provider
    .command('list')
    .description('the providers of sign-in')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse provider list'))
    .action(async (options) => (await import('../actions/providers.ts')).listProviders(options));
  provider
    .command('put <name>')
    .description(
      'put a provider in use, or change it; the server tells the address to come back to',
    )
    .requiredOption('--issuer <url>', 'as its discovery document names it')
    .requiredOption('--client-id <id>', 'what the provider calls this Lapse')
    .option('--client-secret-file <file>', 'the secret; - reads standard input; left out, it stays')
    .option('--label <text>', 'what the sign-in page calls it')
    .addOption(repeatable('--scope <scope>', 'to ask for; openid, profile and email otherwise'))
    .option('--claim <name>', 'whose values roles follow from; groups otherwise')
    .addOption(repeatable('--role <value=role>', 'a role for who has this value of the claim'))
    .addOption(repeatable('--default-role <role>', 'a role for everybody', ROLES))
    .addOption(
      repeatable('--clearance <value=level>', `clearance by value: ${CLASSIFICATIONS.join(', ')}`),
    )
    .option('--default-clearance <level>', 'of everybody; internal otherwise')
    .addOption(repeatable('--email-domain <domain>', 'whose verified addresses it speaks for'))
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse provider put work --issuer https://login.example.com \\',
        '    --client-id lapse --client-secret-file secret.txt \\',
        '    --role sec-reviewers=security --role engineers=requestor \\',
        '    --clearance sec-reviewers=confidential --email-domain example.com',
      ),
    )
    .action(async (name, options) =>
      (await import('../actions/providers.ts')).putProvider(name, options),
    );
  provider
    .command('remove <name>')
    .description('take a provider out of use; sessions go on until they end')
    .addHelpText('after', examples('lapse provider remove work'))
    .action(async (name) => (await import('../actions/providers.ts')).removeProvider(name));
}
