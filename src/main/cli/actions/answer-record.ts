import { dataOf, type ExceptionRecord, type LapseClient } from '@lapse/client';
import { renderOutcome } from '../render/render-outcome.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';

/** What every command that answers takes. */
export interface AnswerOptions {
  readonly json?: boolean;
}

/** Says where a record stands after a command. */
export function answerRecord(record: ExceptionRecord, { json }: AnswerOptions): void {
  if (json) printJson(record);
  else print(renderOutcome(record, terminalWidth(), Date.now()));
}

/** Reads one record. */
export function readRecord(client: LapseClient, id: string): Promise<ExceptionRecord> {
  return dataOf(client.GET('/v1/exceptions/{id}', { params: { path: { id } } }));
}
