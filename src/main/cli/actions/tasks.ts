import { dataOf, type TaskList } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { timeText } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
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
  print(renderTasks(items));
}

function renderTasks(items: readonly Task[]): string {
  return renderTable(
    items,
    [
      { title: 'ID', text: ({ task_id }) => task_id },
      { title: 'KIND', text: ({ kind }) => kind },
      { title: 'OPENED', text: ({ opened_at }) => timeText(opened_at), dispensable: 2 },
      {
        title: 'STATE',
        text: ({ resolved_at }) => (resolved_at ? 'resolved' : 'open'),
        style: (text) => (text === 'open' ? colours.yellow(text) : colours.dim(text)),
        dispensable: 3,
      },
      { title: 'ABOUT', text: ({ subject_id }) => subject_id, dispensable: 1 },
      { title: 'DETAIL', text: ({ detail }) => safeLine(detail), least: 24 },
    ],
    terminalWidth(),
  );
}
