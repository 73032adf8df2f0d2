import type { Command } from 'commander';
import { examples, PASSPHRASE, PASSPHRASE_FILE, repeatable } from './option-values.ts';

/** `serve`, `work`, `migrate`, `backup`, `restore`: the commands that touch the database. */
export function addServerCommands(program: Command): void {
  program.commandsGroup('Server:');
  program
    .command('serve')
    .description('start everything: PostgreSQL unless DATABASE_URL is set, API and worker')
    .option('--test-clock', 'let tests move the time (loopback only)')
    .option('--demo', 'add a tenant with half a year of exceptions to look at')
    .option('--no-work', 'serve the API alone; another process works')
    .addHelpText(
      'after',
      examples(
        'lapse serve',
        'lapse serve --demo',
        'LAPSE_PORT=8080 LAPSE_DATA=/var/lib/lapse lapse serve',
      ),
    )
    .action(async (options: { testClock?: boolean; demo?: boolean; work: boolean }) =>
      (await import('../actions/serve.ts')).serve({
        api: true,
        worker: options.work,
        testClock: options.testClock === true,
        demo: options.demo === true,
      }),
    );
  program
    .command('work')
    .description('do the due work without serving the API')
    .option('--test-clock', 'follow the time that tests have set')
    .addHelpText('after', examples('DATABASE_URL=postgres://… lapse work'))
    .action(async (options: { testClock?: boolean }) =>
      (await import('../actions/serve.ts')).serve({
        api: false,
        worker: true,
        testClock: options.testClock === true,
        demo: false,
      }),
    );
  program
    .command('migrate')
    .description('bring the database of DATABASE_ADMIN_URL to this release, and set up its logins')
    .addHelpText('after', examples('DATABASE_ADMIN_URL=postgres://… lapse migrate'))
    .action(async () => (await import('../actions/migrate.ts')).migrateDatabase());
  addSecrets(program);
  addBackup(program);
  addRestore(program);
}

function addSecrets(program: Command): void {
  const secrets = program
    .command('secrets')
    .helpCommand(false)
    .description("rotate, retire: the master key; on the server's own machine alone")
    .addHelpText('after', examples('lapse secrets rotate', 'lapse secrets retire'));
  secrets
    .command('rotate')
    .description('make a new master key and seal every secret under it, while servers run')
    .addHelpText('after', examples('lapse secrets rotate'))
    .action(async () => (await import('../actions/secrets.ts')).rotate());
  secrets
    .command('retire')
    .description('take master keys away that nothing rests under any more')
    .addHelpText('after', examples('lapse secrets retire'))
    .action(async () => (await import('../actions/secrets.ts')).retire());
}

function addBackup(program: Command): void {
  program
    .command('backup <file>')
    .description('write everything, keys included, into one file under a passphrase')
    .option(...PASSPHRASE_FILE)
    .addHelpText('after', PASSPHRASE)
    .addHelpText(
      'after',
      examples(
        'lapse backup /backups/lapse-$(date +%F).backup',
        'lapse backup - --passphrase-file pass.txt | ssh vault "cat > lapse.backup"',
      ),
    )
    .action(async (file, options) =>
      (await import('../actions/backup.ts')).backUpTo(file, options),
    );
}

function addRestore(program: Command): void {
  program
    .command('restore <file>')
    .description('restore a backup into an empty database; its ledger has to verify')
    .option(...PASSPHRASE_FILE)
    .addOption(
      repeatable(
        '--checkpoint <file>',
        'a signed checkpoint that you keep elsewhere: tells whether the backup is older',
      ),
    )
    .addHelpText('after', PASSPHRASE)
    .addHelpText(
      'after',
      examples(
        'LAPSE_DATA=/var/lib/lapse-new lapse restore /backups/lapse-2026-03-07.backup',
        'lapse restore lapse.backup --checkpoint checkpoint-2026-03-08.txt',
      ),
    )
    .action(async (file, options) =>
      (await import('../actions/restore.ts')).restoreFrom(file, options),
    );
}
