import type { Command } from 'commander';
import { examples } from './option-values.ts';

/** `serve`, `work`, `migrate`: the commands that touch the database. */
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
}
