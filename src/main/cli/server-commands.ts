import type { Command } from 'commander';
import { readConfig } from '../../platform/config/config.ts';

/** `serve`, `work`, `migrate`: the commands that touch the database. */
export function addServerCommands(program: Command): void {
  program
    .command('serve')
    .description('start everything: PostgreSQL unless DATABASE_URL is set, API and worker')
    .option('--test-clock', 'let tests move the time (loopback only)')
    .option('--no-work', 'serve the API alone; another process works')
    .action((options: { testClock?: boolean; work: boolean }) =>
      run({ api: true, worker: options.work, testClock: options.testClock === true }),
    );
  program
    .command('work')
    .description('do the due work without serving the API')
    .option('--test-clock', 'follow the time that tests have set')
    .action((options: { testClock?: boolean }) =>
      run({ api: false, worker: true, testClock: options.testClock === true }),
    );
  program
    .command('migrate')
    .description('bring the database of DATABASE_ADMIN_URL to this release, and set up its logins')
    .action(async () => {
      const { migrateGiven } = await import('../database-setup.ts');
      const { config, secrets } = await readConfig(process.env, process.cwd());
      const { applied, version } = await migrateGiven(config, secrets, progress);
      process.stdout.write(
        applied.length > 0 ? `applied ${applied.join(', ')}\n` : `already at ${version}\n`,
      );
    });
}

async function run(what: { api: boolean; worker: boolean; testClock: boolean }): Promise<void> {
  const { start } = await import('../serve.ts');
  const { config, secrets } = await readConfig(process.env, process.cwd());
  const server = await start({ config, secrets, ...what, progress });
  process.stderr.write(
    `\nLapse ${server.address ? `is ready at ${server.address}` : 'is working'}\n`,
  );
  if (server.adminTokenFile)
    process.stderr.write(`The administrator's token is in ${server.adminTokenFile}\n`);
  if (server.address) process.stderr.write('Ctrl-C stops everything.\n\n');
  await untilStopped(server.stop);
}

/** Waits for a signal, then stops in order; a second signal does not wait for the drain. */
function untilStopped(stop: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let asked = false;
    const onSignal = () => {
      if (asked) process.exit(130);
      asked = true;
      progress('stopping: requests first, PostgreSQL last');
      stop().then(resolve, reject);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

function progress(text: string): void {
  process.stderr.write(`lapse: ${text}\n`);
}
