import { dataOf } from '@lapse/client';
import {
  renderVerification,
  type Verification,
  verificationFailure,
} from '../render/render-verification.ts';
import { counted } from '../render/time-text.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import type { AnswerOptions } from './answer-record.ts';
import { streamedResult } from './streamed-result.ts';

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
  const result = await streamedResult<Verification, VerificationLine>(response, {
    what: 'the verification',
    onLine: ({ progress: read }) => {
      if (!read) return;
      const { entries, total } = read;
      progress.update(
        `${barText(entries, total)}  ${entries.toLocaleString('en')} of ${counted(total, 'entry', 'entries')}`,
      );
    },
    done: progress.done,
  });
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
