import { dataOf } from '@lapse/client';
import { renderComments } from '../render/render-comments.ts';
import { renderHistory } from '../render/render-history.ts';
import { renderRecord } from '../render/render-record.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import { type AnswerOptions, readRecord } from './answer-record.ts';

/** `lapse show ID` */
export async function show(id: string, { json }: AnswerOptions): Promise<void> {
  const client = connect();
  const record = await readRecord(client, id);
  if (json) return printJson(record);
  const comments = await dataOf(
    client.GET('/v1/exceptions/{id}/comments', { params: { path: { id } } }),
  );
  const width = terminalWidth();
  print(renderRecord(record, renderComments(comments.items, width), width, Date.now()));
}

/** `lapse history ID` */
export async function history(id: string, { json }: AnswerOptions): Promise<void> {
  const answer = await dataOf(
    connect().GET('/v1/exceptions/{id}/history', { params: { path: { id } } }),
  );
  if (json) printJson(answer);
  else print(renderHistory(answer, terminalWidth()));
}
