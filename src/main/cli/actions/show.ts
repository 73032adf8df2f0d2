import {
  dataOf,
  type ExceptionRecord,
  type LapseClient,
  LapseProblem,
  timedDataOf,
} from '@lapse/client';
import type { Grant } from '../render/grant-status.ts';
import { renderComments } from '../render/render-comments.ts';
import { renderHistory } from '../render/render-history.ts';
import { renderRecord } from '../render/render-record.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

/** `lapse show ID` */
export async function show(id: string, { json }: AnswerOptions): Promise<void> {
  const client = connect();
  const path = { id };
  const { data: record, now } = await timedDataOf(
    client.GET('/v1/exceptions/{id}', { params: { path } }),
  );
  if (json) return printJson(record);
  const comments = await allItems((query) =>
    dataOf(client.GET('/v1/exceptions/{id}/comments', { params: { path, query } })),
  );
  const grants = await grantsOf(client, record);
  const width = terminalWidth();
  print(renderRecord(record, { comments: renderComments(comments, width), grants }, width, now));
}

/** Its grants once it was in force; `undefined` where the token may not read them. */
async function grantsOf(
  client: LapseClient,
  { exception_id, grants = [], activated_at }: ExceptionRecord,
): Promise<Grant[] | undefined> {
  if (grants.length === 0 || !activated_at) return [];
  try {
    return await allItems((page) =>
      dataOf(client.GET('/v1/grants', { params: { query: { exception_id, ...page } } })),
    );
  } catch (error) {
    if (error instanceof LapseProblem && error.code === 'not-permitted') return undefined;
    throw error;
  }
}

/** `lapse history ID` */
export async function history(id: string, { json }: AnswerOptions): Promise<void> {
  const answer = await dataOf(
    connect().GET('/v1/exceptions/{id}/history', { params: { path: { id } } }),
  );
  if (json) printJson(answer);
  else print(renderHistory(answer, terminalWidth()));
}
