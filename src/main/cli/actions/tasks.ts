import { dataOf, type TaskList } from '@lapse/client';
import { timeText } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type Task = TaskList['items'][number];

interface TaskOptions extends AnswerOptions {
  readonly all?: boolean;
  readonly retry?: string;
  readonly resolve?: string;
}

/** `lapse tasks`: what the machine could not go on with. */
export async function tasks({ all, retry, resolve, json }: TaskOptions): Promise<void> {
  const client = connect();
  if (retry !== undefined) {
    const task = await dataOf(
      client.POST('/v1/tasks/{id}/retry', { params: { path: { id: retry } } }),
    );
    if (json) printJson(task);
    else print(`${task.subject_id} is tried again`);
    return;
  }
  if (resolve !== undefined) {
    const params = { path: { id: resolve } };
    const task = await dataOf(client.POST('/v1/tasks/{id}/resolve', { params }));
    if (json) printJson(task);
    else print(`${task.task_id} is resolved`);
    return;
  }
  const wanted = all ? ({ all: 'true' } as const) : {};
  const items = await allItems((page) =>
    dataOf(client.GET('/v1/tasks', { params: { query: { ...wanted, ...page } } })),
  );
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nothing waits for a person');
  print(renderTasks(items, terminalWidth()));
}

/** A task's sentence says what to do, so that it is shown whole. */
function renderTasks(items: readonly Task[], width: number): string {
  return items
    .flatMap(({ task_id, kind, subject_id, detail, opened_at, resolved_at }) => [
      `${task_id}  ${colours.bold(kind)}  ${resolved_at ? colours.dim('resolved') : colours.yellow('open')}`,
      colours.dim(`  about ${safeLine(subject_id)}, since ${timeText(opened_at)}`),
      ...wrapTo(safeLine(detail), width - 2).map((line) => `  ${line}`),
    ])
    .join('\n');
}
