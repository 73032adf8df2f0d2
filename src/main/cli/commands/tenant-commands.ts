import type { Command } from 'commander';
import { examples, JSON_FLAG, PASSPHRASE, PASSPHRASE_FILE } from './option-values.ts';

const REASON = ['--reason <text>', "why; kept in the tenant's ledger"] as const;
const actions = () => import('../actions/tenants.ts');

/** `tenant`: what an operator does, with the token of `lapse token operator`. */
export function addTenantCommands(program: Command): void {
  const tenant = program
    .command('tenant')
    .helpCommand(false)
    .description('create, list, suspend, resume, export, delete, keep: for operators')
    .addHelpText('after', examples('lapse token operator', 'lapse tenant list'));
  tenant
    .command('create <name>')
    .description('make a tenant; the link of its first administrator is shown this once')
    .option('--email <address>', "the first administrator's")
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse tenant create "Second division" --email ada@example.com'))
    .action(async (name, options) => (await actions()).createTenant(name, options));
  tenant
    .command('list')
    .description('the tenants, by name and state alone')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse tenant list'))
    .action(async (options) => (await actions()).listTenants(options));
  tenant
    .command('suspend <id>')
    .description('let a tenant be read alone; what time brings about goes on')
    .requiredOption(...REASON)
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse tenant suspend 01K… --reason "not paid"'))
    .action(async (id, options) => (await actions()).actOnTenant('suspend', id, options));
  tenant
    .command('resume <id>')
    .description('let a suspended tenant be changed again')
    .requiredOption(...REASON)
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse tenant resume 01K… --reason "paid"'))
    .action(async (id, options) => (await actions()).actOnTenant('resume', id, options));
  tenant
    .command('export <id> <file>')
    .description("write all of one tenant into a file under a passphrase; on the server's machine")
    .option(...PASSPHRASE_FILE)
    .addHelpText('after', PASSPHRASE)
    .addHelpText('after', examples('lapse tenant export 01K… second-division.backup'))
    .action(async (id, file, options) =>
      (await import('../actions/backup.ts')).backUpTo(file, options, id),
    );
  tenant
    .command('delete <id>')
    .description('have a tenant deleted in 30 days, once nothing of it has to be kept')
    .requiredOption(...REASON)
    .option('--before-retention', "do not wait for that; on the server's own machine alone")
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse tenant delete 01K… --reason "the contract has ended"'))
    .action(async (id, options) => (await actions()).deleteTenant(id, options));
  tenant
    .command('keep <id>')
    .description('call the deletion of a tenant off')
    .requiredOption(...REASON)
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse tenant keep 01K… --reason "they stay"'))
    .action(async (id, options) => (await actions()).actOnTenant('cancel-deletion', id, options));
}
