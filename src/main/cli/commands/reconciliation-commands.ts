import { type Command, Option } from 'commander';
import { FINDING_KINDS, FINDING_STATES } from '../../../domain/reconciliation/finding.ts';
import { examples, JSON_FLAG, repeatable } from './option-values.ts';

const REASON = ['--reason <text>', 'why; it is kept in the ledger'] as const;

/** `reconcile`, `reconciliations`, `findings`: the clouds compared with the register. */
export function addReconciliationCommands(program: Command): void {
  program.commandsGroup('Clouds:');
  program
    .command('reconcile')
    .description('compare the clouds with the register now; exit 1 where something new is found')
    .option('--adopt', 'make a draft of each finding that no exception lists')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse reconcile', 'lapse reconcile --adopt'))
    .action(async (options) => (await import('../actions/reconcile.ts')).reconcile(options));
  addReports(program);
  addFindings(program);
}

function addReports(program: Command): void {
  const reports = program
    .command('reconciliations')
    .helpCommand(false)
    .description('the reports of comparisons, newest first; report: one as a file')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse reconciliations', 'lapse reconciliations report RCN_01K… --format csv'),
    )
    .action(async (options) => (await import('../actions/reconcile.ts')).listReports(options));
  reports
    .command('report <id>')
    .description('one report with its findings, to standard output or whole into a file')
    .addOption(
      new Option('--format <format>', 'how it is written')
        .choices(['csv', 'json', 'md'])
        .default('md'),
    )
    .option('-o, --output <file>', 'write it there')
    .addHelpText(
      'after',
      examples(
        'lapse reconciliations report RCN_01K…',
        'lapse reconciliations report RCN_01K… --format csv --output findings.csv',
      ),
    )
    .action(async (id, options) =>
      (await import('../actions/report-file.ts')).writeReport(id, options),
    );
}

function addFindings(program: Command): void {
  const findings = program
    .command('findings')
    .helpCommand(false)
    .description('what clouds and the register do not agree about; adopt, remove, accept')
    .addOption(
      repeatable('--state <state>', 'those in this state; open when left out', FINDING_STATES),
    )
    .addOption(repeatable('--kind <kind>', 'those of this kind', FINDING_KINDS))
    .option('--all', 'in every state')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse findings', 'lapse findings --kind overdue', 'lapse findings adopt FND_01K…'),
    )
    .action(async (options) => (await import('../actions/findings.ts')).listFindings(options));
  findings
    .command('adopt <id>')
    .description('make a draft of what was found, with the end that the policy proposes')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse findings adopt FND_01K…'))
    .action(async (id, _, command) =>
      (await import('../actions/findings.ts')).adoptFinding(id, command.optsWithGlobals()),
    );
  findings
    .command('remove <id>')
    .description('have it taken away, by Lapse where its mode lets it')
    .requiredOption(...REASON)
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse findings remove FND_01K… --reason "nobody knows what it is for"'),
    )
    .action(async (id, _, command) =>
      (await import('../actions/findings.ts')).removeFinding(id, command.optsWithGlobals()),
    );
  findings
    .command('accept <id>')
    .description('leave it as it is for a time')
    .requiredOption(...REASON)
    .requiredOption('--until <date|duration>', 'its end, at most 90 days ahead')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse findings accept FND_01K… --until P30D --reason "the vendor moves out"'),
    )
    .action(async (id, _, command) =>
      (await import('../actions/findings.ts')).acceptFinding(id, command.optsWithGlobals()),
    );
}
