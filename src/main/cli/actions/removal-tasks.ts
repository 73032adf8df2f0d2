import { dataOf, timedDataOf } from '@lapse/client';
import { grantSentence } from '../../../domain/enforcement/grant-words.ts';
import { type Grant, overdueText } from '../render/grant-status.ts';
import { counted, spanText, timeText } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { sayNext } from '../terminal/say.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

/** `lapse removal-tasks` */
export async function removalTasks(options: AnswerOptions & { readonly all?: boolean }) {
  const { all, json } = options;
  const client = connect();
  const wanted = all ? ({ all: 'true' } as const) : {};
  let now = Number.NaN;
  const items = await allItems(async (page) => {
    const params = { query: { ...wanted, ...page } };
    const answer = await timedDataOf(client.GET('/v1/removal-tasks', { params }));
    now = answer.now;
    return answer.data;
  });
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nothing waits for a person to take it away');
  print(items.map((grant) => renderTask(grant, terminalWidth(), now)).join('\n\n'));
  const open = items.filter(({ removal_task }) => removal_task?.ended === null);
  remark(counted(open.length, 'open removal task'));
  if (open.length > 0) sayNext('lapse attest RMT_… --statement … --link …, once it is gone');
}

/** A task's sentences say what to do, so that they are shown whole. */
function renderTask(grant: Grant, width: number, now: number): string {
  const { removal_task: task, grant_id, exception_id } = grant;
  if (!task) return '';
  const { ended } = task;
  const late = overdueText(grant, now);
  const state = ended
    ? colours.dim(`ended ${timeText(ended.at)}: ${ended.how}`)
    : colours.bold(colours.red(late || `open for ${spanText(now - Date.parse(task.opened_at))}`));
  const texts = [
    safeLine(grantSentence(grant.grant)),
    safeLine(task.reason),
    `open since ${timeText(task.opened_at)}`,
    ...task.escalated.map(({ to, at }) => `escalated to ${to} at ${timeText(at)}`),
  ];
  return [
    `${task.task_id}  ${state}`,
    ...texts.flatMap((text) => wrapTo(text, width - 2)).map((line) => `  ${line}`),
    colours.dim(`  ${grant_id}`),
    colours.dim(`  ${exception_id}`),
  ].join('\n');
}

/** `lapse attest RMT_…`: a person's word that what was granted is gone. */
export async function attest(
  id: string,
  options: AnswerOptions & { readonly statement: string; readonly link: readonly string[] },
): Promise<void> {
  if (!id.startsWith('RMT_')) {
    throw usageFailure(
      `${id} is no removal task: it begins with RMT_`,
      '`lapse removal-tasks` shows what there is',
    );
  }
  const { statement, link, json } = options;
  const answer = connect().POST('/v1/removal-tasks/{id}/attest', {
    params: { path: { id } },
    body: { statement, links: [...link] },
  });
  const grant = await dataOf(answer);
  if (json) return printJson(grant);
  print(`${grant.grant_id} is gone, by your word`);
  remark('The record closes once all that it gave is gone.');
  sayNext(`lapse show ${grant.exception_id}`);
}
