import type { Command } from 'commander';
import { APPROVAL_ROLES } from '../../../domain/access/actor.ts';
import { examples, JSON_FLAG, repeatable } from './option-values.ts';

/** `delegate`, `delegations` and its `end`: who acts for whom while they are away. */
export function addDelegationCommands(program: Command): void {
  program
    .command('delegate <person>')
    .description('let another person approve in your roles for a time')
    .requiredOption('--until <date|duration>', 'its end, at most 90 days after its start')
    .requiredOption('--reason <text>', 'why; it is kept in the ledger')
    .option('--from <date>', 'its start; at once when left out')
    .addOption(
      repeatable('--roles <role>', 'a role of yours; all when left out', [
        ...APPROVAL_ROLES,
        'approver',
      ]),
    )
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse delegate jchen@example.com --until P14D --reason "on leave"',
        'lapse delegate tok_01K… --from 2026-08-01 --until 2026-08-15 --reason leave',
      ),
    )
    .action(async (person, options) =>
      (await import('../actions/delegations.ts')).delegate(person, options),
    );
  const delegations = program
    .command('delegations')
    .helpCommand(false)
    .description('who acts for whom, and until when; end: before its time')
    .option('--all', 'those that have ended too')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse delegations', 'lapse delegations end dlg_01K…'))
    .action(async (options) =>
      (await import('../actions/delegations.ts')).listDelegations(options),
    );
  delegations
    .command('end <id>')
    .description('end a delegation before its time')
    .option('--reason <text>', 'why; it is kept in the ledger')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse delegations end dlg_01K… --reason "back early"'))
    .action(async (id, _, command) =>
      (await import('../actions/delegations.ts')).endDelegation(id, command.optsWithGlobals()),
    );
}
