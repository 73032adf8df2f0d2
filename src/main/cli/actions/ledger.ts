import { dataOf } from '@lapse/client';
import {
  renderVerification,
  type Verification,
  verificationFailure,
} from '../render/render-verification.ts';
import { counted } from '../render/time-text.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import type { AnswerOptions } from './answer-record.ts';
import { linesOf } from './lines-of.ts';

/** A line of `GET /v1/ledger/verification`. */
interface VerificationLine {
  readonly progress?: { readonly entries: number; readonly total: number };
  readonly result?: Verification;
  /** It could not be completed: nothing is known of the ledger. */
  readonly error?: { readonly code: string; readonly detail: string };
}

/** `lapse ledger verify`: exit 0 only for a ledger that was read to its end and is whole. */
export async function verifyLedger({ json }: AnswerOptions): Promise<void> {
  const response = await connect().send('/v1/ledger/verification');
  const progress = progressLine();
  let result: Verification | undefined;
  try {
    for await (const line of linesOf(response.body)) {
      const read = JSON.parse(line) as VerificationLine;
      if (read.progress) {
        const { entries, total } = read.progress;
        progress.update(
          `${barText(entries, total)}  ${entries.toLocaleString('en')} of ${counted(total, 'entry', 'entries')}`,
        );
      }
      if (read.error) throw brokenOff(read.error.detail);
      result = read.result ?? result;
    }
  } catch (error) {
    throw error instanceof CommandFailure ? error : brokenOff((error as Error).message);
  } finally {
    progress.done();
  }
  if (!result) throw brokenOff('it ended without a result');
  if (json) printJson(result);
  else print(renderVerification(result, terminalWidth()));
  if (!result.ok) throw verificationFailure(result);
}

/** `lapse ledger checkpoint`: the newest signed note. */
export async function printCheckpoint(): Promise<void> {
  print(await dataOf(connect().GET('/v1/ledger/checkpoint', { parseAs: 'text' })));
}

/** `lapse ledger proof INDEX`: the receipt. */
export async function printProof(index: number): Promise<void> {
  const params = { path: { index } };
  print(
    await dataOf(connect().GET('/v1/ledger/entries/{index}/proof', { params, parseAs: 'text' })),
  );
}

function brokenOff(why: string): CommandFailure {
  return new CommandFailure(`the verification broke off: ${why}`, {
    exitCode: EXIT.undecided,
    next: 'nothing is decided: run it again',
  });
}
