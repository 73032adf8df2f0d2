import { dataOf } from '@lapse/client';
import { renderDivergence, renderEpoch } from '../render/render-epoch.ts';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { isInteractive, print, printJson, remark, terminalWidth } from '../terminal/output.ts';
import type { AnswerOptions } from './answer-record.ts';

interface EpochOptions extends AnswerOptions {
  readonly reason: string;
  /** What is given up was looked at before: do not ask. */
  readonly yes?: boolean;
}

/** `lapse ledger new-epoch`: says what is given up, asks, and opens it. */
export async function openEpoch({ reason, yes, json }: EpochOptions): Promise<void> {
  const client = connect();
  const { divergence } = await dataOf(client.GET('/v1/ledger/epochs'));
  // Where nothing has diverged the server refuses, and says so in its own words.
  if (divergence) {
    remark(renderDivergence(divergence, terminalWidth()));
    if (!yes) await assertConfirmed();
  }
  const opened = await dataOf(client.POST('/v1/ledger/epochs', { body: { reason } }));
  if (json) return printJson(opened);
  const { opened_by, reason: why } = opened;
  if (!opened_by || why === null) throw new Error('an epoch was opened by nobody');
  print(renderEpoch({ ...opened, opened_by, reason: why }, terminalWidth()));
  remark(`From now on ${opened.origin} signs; \`lapse ledger verify\` names the epoch.`);
}

async function assertConfirmed(): Promise<void> {
  if (!isInteractive()) {
    throw usageFailure(
      'a new epoch gives up what was signed, and nobody is there who could be asked',
      'look at what is given up, and repeat the command with --yes',
    );
  }
  const { confirm } = await import('@clack/prompts');
  const message = 'Open a new epoch, and give this up?';
  if ((await confirm({ message, initialValue: false })) === true) return;
  throw new CommandFailure('no epoch was opened; the register can still only be read', {
    exitCode: EXIT.refused,
  });
}
