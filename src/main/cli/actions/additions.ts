import { dataOf, type paths } from '@lapse/client';
import { renderNext } from '../render/next-step.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import { type AnswerOptions, answerRecord } from './answer-record.ts';

type Impact =
  paths['/v1/exceptions/{id}/violations']['post']['requestBody']['content']['application/json']['impact'];

/** `lapse comment ID TEXT` */
export async function comment(id: string, text: string, { json }: AnswerOptions): Promise<void> {
  const answer = await dataOf(
    connect().POST('/v1/exceptions/{id}/comments', {
      params: { path: { id } },
      body: { body: text },
    }),
  );
  if (json) printJson(answer);
  else
    print(
      `the comment was added\n${renderNext({ what: '', command: `lapse show ${id}` }, terminalWidth())}`,
    );
}

/** `lapse violation ID` */
export async function recordViolation(
  id: string,
  options: AnswerOptions & { readonly impact: Impact; readonly description: string },
): Promise<void> {
  const { impact, description } = options;
  const answer = connect().POST('/v1/exceptions/{id}/violations', {
    params: { path: { id } },
    body: { impact, description },
  });
  await answerRecord(answer, options, 'the violation was recorded');
}
