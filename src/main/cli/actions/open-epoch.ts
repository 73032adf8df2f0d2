import { dataOf } from '@lapse/client';
import { renderDivergence, renderEpoch } from '../render/render-epoch.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, terminalWidth } from '../terminal/output.ts';
import type { AnswerOptions } from './answer-record.ts';
import { assertConfirmed } from './assert-confirmed.ts';

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
    if (!yes) {
      await assertConfirmed({
        message: 'Open a new epoch, and give this up?',
        why: 'a new epoch gives up what was signed',
        lookAt: 'what is given up',
        refused: 'no epoch was opened; the register can still only be read',
      });
    }
  }
  const opened = await dataOf(client.POST('/v1/ledger/epochs', { body: { reason } }));
  if (json) return printJson(opened);
  const { opened_by, reason: why } = opened;
  if (!opened_by || why === null) throw new Error('an epoch was opened by nobody');
  print(renderEpoch({ ...opened, opened_by, reason: why }, terminalWidth()));
  remark(`From now on ${opened.origin} signs; \`lapse ledger verify\` names the epoch.`);
}
