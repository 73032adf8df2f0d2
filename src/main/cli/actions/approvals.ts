import { dataOf, type paths } from '@lapse/client';
import { requirementText } from '../../../domain/policy/approval-progress.ts';
import type { Requirement } from '../../../domain/policy/policy.ts';
import { renderTable } from '../render/render-table.ts';
import { severityText } from '../render/status-style.ts';
import { counted, dayText } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { sayNext } from '../terminal/say.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type Page = paths['/v1/approvals']['get']['responses'][200]['content']['application/json'];
type Awaited = Page['items'][number];

/** `lapse approvals`: what waits for whoever asks. */
export async function approvals({ json }: AnswerOptions): Promise<void> {
  const client = connect();
  const items = await allItems((query) =>
    dataOf(client.GET('/v1/approvals', { params: { query } })),
  );
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nothing waits for your approval');
  print(renderApprovals(items));
  remark(`${counted(items.length, 'decision')} for you`);
  sayNext(`lapse show ${items[0]?.exception.exception_id}, then lapse approve or lapse reject`);
}

function renderApprovals(items: readonly Awaited[]): string {
  return renderTable(
    items,
    [
      { title: 'ID', text: ({ exception }) => exception.exception_id },
      {
        title: 'AS',
        text: ({ requirements }) =>
          safeLine(requirements.map((each) => requirementText(each as Requirement)).join(', ')),
      },
      {
        title: 'WHAT',
        text: ({ change_id }) => (change_id ? 'change' : 'request'),
        dispensable: 1,
      },
      {
        title: 'RISK',
        text: ({ exception }) => exception.severity ?? '',
        style: (_, { exception }) => severityText(exception.severity),
        dispensable: 3,
      },
      {
        title: 'SINCE',
        text: ({ exception }) => (exception.awaited_since ? dayText(exception.awaited_since) : ''),
        dispensable: 4,
      },
      {
        title: 'ESCALATED',
        text: ({ exception }) => exception.escalations.at(-1)?.to ?? '',
        style: (text) => colours.yellow(text),
        dispensable: 2,
      },
      {
        title: 'LAPSES',
        text: ({ exception }) => (exception.lapses_at ? dayText(exception.lapses_at) : ''),
        dispensable: 5,
      },
      { title: 'TITLE', text: ({ exception }) => safeLine(exception.title), least: 20 },
    ],
    terminalWidth(),
  );
}
