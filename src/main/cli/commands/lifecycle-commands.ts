import { type Command, Option } from 'commander';
import { APPROVAL_ROLES } from '../../../domain/access/actor.ts';
import { RISK_FACTS } from '../../../domain/exception/risk-facts.ts';
import type { PlainCommand } from '../actions/lifecycle.ts';
import { addDelegationCommands } from './delegation-commands.ts';
import { addFieldFlags } from './field-flags.ts';
import { BREAK_GLASS, examples, JSON_FLAG, repeatable } from './option-values.ts';
import { addRenewalCommands } from './renewal-commands.ts';

interface Plain {
  readonly name: PlainCommand;
  readonly about: string;
  /** Whether a reason has to be given. */
  readonly needsReason: boolean;
  readonly takesChange?: boolean;
  readonly takesTerms?: boolean;
  readonly takesEmergency?: boolean;
  readonly example: string;
}

const PLAIN: readonly Plain[] = [
  {
    name: 'submit',
    about: 'ask for approval of a complete draft',
    needsReason: false,
    takesEmergency: true,
    example: 'lapse submit EXC_01K…',
  },
  {
    name: 'request-changes',
    about: 'send a request back to its requestor',
    needsReason: true,
    example: 'lapse request-changes EXC_01K… --reason "name the dashboards that watch it"',
  },
  {
    name: 'withdraw',
    about: 'take a draft or a request back',
    needsReason: false,
    example: 'lapse withdraw EXC_01K… --reason "the vendor delivered in time"',
  },
  {
    name: 'approve',
    about: 'approve a request, or a change that waits',
    needsReason: true,
    takesChange: true,
    takesTerms: true,
    example: 'lapse approve EXC_01K… --reason "controls reviewed with the team"',
  },
  {
    name: 'reject',
    about: 'reject a request, or a change that waits',
    needsReason: true,
    takesChange: true,
    example: 'lapse reject EXC_01K… --change extension --reason "the migration is done"',
  },
  {
    name: 'activate',
    about: 'confirm that the compensating controls are in place',
    needsReason: false,
    example: 'lapse activate EXC_01K…',
  },
  {
    name: 'revoke',
    about: 'end it early',
    needsReason: true,
    example: 'lapse revoke EXC_01K… --reason "the vendor was breached"',
  },
  {
    name: 'archive',
    about: 'freeze a closed record before its time',
    needsReason: false,
    example: 'lapse archive EXC_01K…',
  },
];

const REASON = ['--reason <text>', 'why; it is kept in the ledger'] as const;

/** Those that come after the longer ones in the help. */
const LAST: readonly PlainCommand[] = ['revoke', 'archive'];

/** `submit`, `approve` and the others that move a record on. */
export function addLifecycleCommands(program: Command): void {
  program.commandsGroup('Lifecycle:');
  program
    .command('approvals')
    .description('what waits for your approval')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse approvals', 'lapse approvals --json | jq .items[].requirements'),
    )
    .action(async (options) => (await import('../actions/approvals.ts')).approvals(options));
  addDelegationCommands(program);
  for (const plain of PLAIN.filter(({ name }) => !LAST.includes(name))) addPlain(program, plain);
  addExtend(program);
  addReassessRisk(program);
  addRenewalCommands(program);
  addClose(program);
  for (const plain of PLAIN.filter(({ name }) => LAST.includes(name))) addPlain(program, plain);
}

function addPlain(
  program: Command,
  { name, about, needsReason, takesChange, takesTerms, takesEmergency, example }: Plain,
): void {
  const command = program.command(`${name} <id>`).description(about);
  if (needsReason) command.requiredOption(...REASON);
  else command.option(...REASON);
  if (takesChange) {
    command.option(
      '--change <change>',
      'what is decided: extension, permanence, review, break-glass or risk-change',
    );
  }
  if (takesEmergency) command.option(...BREAK_GLASS);
  if (takesTerms) {
    command
      .addOption(
        new Option('--as <role>', 'the role to fill, where you may fill several').choices([
          ...APPROVAL_ROLES,
          'approver',
        ]),
      )
      .option('--consumer <name>', 'the consumer to sign off for')
      .option('--for <person>', 'whose role you fill, where you act for several')
      .option('--until <date>', 'an earlier end than was asked for');
  }
  command
    .option(...JSON_FLAG)
    .addHelpText('after', examples(example))
    .action(async (id, options) =>
      (await import('../actions/lifecycle.ts')).runPlain(name, id, options),
    );
}

function addExtend(program: Command): void {
  program
    .command('extend <id>')
    .description('ask for the one extension; it waits for approval')
    .option('--until <date>', 'the new end, a day (00:00 UTC) or an instant')
    .option('--for <duration>', 'so long after the present end, for example P30D')
    .requiredOption(...REASON)
    .requiredOption('--risk-review <text>', 'the risk as it is assessed now')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse extend EXC_01K… --for P30D --reason "vendor is late" --risk-review same'),
    )
    .action(async (id, options) => (await import('../actions/lifecycle.ts')).extend(id, options));
}

function addReassessRisk(program: Command): void {
  const command = program
    .command('reassess-risk <id>')
    .description('say how the risk is now; where it has risen, a review is owed or it ends')
    .requiredOption('--reason <text>', 'what has changed')
    .requiredOption('--risk-review <text>', 'the risk as it is assessed now')
    .option(...JSON_FLAG);
  addFieldFlags(command, RISK_FACTS)
    .addHelpText(
      'after',
      examples(
        'lapse reassess-risk EXC_01K… --impact Critical \\',
        '    --reason "the key was found in a log" --risk-review "anybody could use it"',
      ),
    )
    .action(async (id, options) =>
      (await import('../actions/lifecycle.ts')).reassessRisk(id, options),
    );
}

function addClose(program: Command): void {
  program
    .command('close <id>')
    .description('end it with evidence for each closure criterion')
    .addOption(
      repeatable(
        '--evidence <criterion=link>',
        "a link or a file's digest that shows that it is met",
      ),
    )
    .option('--removal-statement <text>', 'your word that what was granted is gone')
    .addOption(repeatable('--removal-link <link>', 'what shows that'))
    .option(...REASON)
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse close EXC_01K… --evidence c1=https://git.example.com/pr/1234',
        'lapse close EXC_01K… --evidence c1=LINK --removal-statement "rule deleted"',
      ),
    )
    .action(async (id, options) => (await import('../actions/lifecycle.ts')).close(id, options));
}
