import { RECORD_FIELDS } from '@lapse/client';
import { type Command, Option } from 'commander';
import { examples, JSON_FLAG } from './option-values.ts';

const REASON = ['--reason <text>', 'why; it is kept in the ledger'] as const;
const RISK_REVIEW = ['--risk-review <text>', 'the risk as it is assessed now'] as const;

/** `renew`, and what becomes of a chain of renewals: permanent and its reviews, or re-architecture. */
export function addRenewalCommands(program: Command): void {
  addRenew(program);
  addMakePermanent(program);
  addCompleteReview(program);
  addRequireRearchitecture(program);
}

function addRenew(program: Command): void {
  program
    .command('renew <id>')
    .description('draft a new record that takes over when this one ends')
    .option('--justification <text>', 'what has changed, and why it is still needed')
    .addOption(choice('--likelihood <value>', 'that it is abused, as assessed now', 'likelihood'))
    .addOption(choice('--impact <value>', 'if it is abused, as assessed now', 'impact'))
    .option(...RISK_REVIEW)
    .addOption(
      new Option('--until <date>', 'its end, a day (00:00 UTC) or an instant').conflicts('for'),
    )
    .option('--for <duration>', 'so long from its approval, for example P30D')
    .option('--no-input', 'never ask for what is missing')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse renew EXC_01K…',
        'lapse renew EXC_01K… --justification "the vendor confirmed May" \\',
        '    --likelihood Low --impact High --risk-review "keys rotated, no finding"',
      ),
    )
    .action(async (id, options) => (await import('../actions/renewals.ts')).renew(id, options));
}

function addMakePermanent(program: Command): void {
  program
    .command('make-permanent <id>')
    .description('ask to make it permanent, after three renewals; it waits for approval')
    .requiredOption(...REASON)
    .requiredOption(...RISK_REVIEW)
    .requiredOption('--business-case <link>', 'why a permanent exception is necessary')
    .requiredOption('--memo <link>', 'the risk acceptance memo')
    .requiredOption('--documented-in <link>', 'where the exception is documented')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse make-permanent EXC_01K… --reason "the vendor is out of business" \\',
        '    --risk-review "isolated, watched" --business-case LINK --memo LINK \\',
        '    --documented-in LINK',
      ),
    )
    .action(async (id, options) =>
      (await import('../actions/renewals.ts')).makePermanent(id, options),
    );
}

function addCompleteReview(program: Command): void {
  program
    .command('complete-review <id>')
    .description('review a permanent exception; approved, its end moves on by a year')
    .requiredOption(...REASON)
    .requiredOption(...RISK_REVIEW)
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse complete-review EXC_01K… --reason "no successor yet" --risk-review same'),
    )
    .action(async (id, options) =>
      (await import('../actions/renewals.ts')).completeReview(id, options),
    );
}

function addRequireRearchitecture(program: Command): void {
  program
    .command('require-rearchitecture <id>')
    .description('decide that a chain of many renewals is re-architected (executive leadership)')
    .requiredOption(...REASON)
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse require-rearchitecture EXC_01K… --reason "rebuilt by June, funded"'),
    )
    .action(async (id, options) =>
      (await import('../actions/renewals.ts')).requireRearchitecture(id, options),
    );
}

/** An option that takes one of a field's values. */
function choice(flags: string, about: string, name: string): Option {
  const field = RECORD_FIELDS.find((each) => each.name === name);
  return new Option(flags, about).choices(field && 'values' in field ? [...field.values] : []);
}
