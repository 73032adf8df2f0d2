import {
  dataOf,
  type ExceptionRecord,
  type LapseClient,
  type OneException,
  timedDataOf,
} from '@lapse/client';
import { renderOutcome } from '../render/render-outcome.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';

/** What every command that answers takes. */
export interface AnswerOptions {
  readonly json?: boolean;
}

/** What the API answers with a record. */
export interface RecordAnswer {
  readonly data?: OneException;
  readonly response: Response;
}

/** Says where a record stands after a command, and before that what was `done` where its status does not tell. */
export async function answerRecord(
  answer: Promise<RecordAnswer>,
  { json }: AnswerOptions,
  done?: string,
): Promise<void> {
  const { data: record, now } = await timedDataOf(answer);
  if (json) return printJson(record);
  if (done !== undefined) print(done);
  print(renderOutcome(record, terminalWidth(), now));
}

/** Reads one record. */
export function readRecord(client: LapseClient, id: string): Promise<ExceptionRecord> {
  return dataOf(client.GET('/v1/exceptions/{id}', { params: { path: { id } } }));
}
