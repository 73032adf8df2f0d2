import { type paths, timedDataOf } from '@lapse/client';
import { requirementText } from '../../../domain/policy/approval-progress.ts';
import type { Requirement } from '../../../domain/policy/policy.ts';
import { renderTable } from '../render/render-table.ts';
import { severityText } from '../render/status-style.ts';
import { counted, dayText, spanText } from '../render/time-text.ts';
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
  let now = Number.NaN;
  const items = await allItems(async (query) => {
    const page = await timedDataOf(client.GET('/v1/approvals', { params: { query } }));
    now = page.now;
    return page.data;
  });
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nothing waits for your approval');
  print(renderApprovals(items, now));
  remark(`${counted(items.length, 'decision')} for you`);
  sayWhoActs(items);
  sayNext(`lapse show ${items[0]?.exception.exception_id}, then lapse approve or lapse reject`);
}

/** Whom the requirements of a row are filled for, where that is somebody else. */
function personsText({ requirements }: Awaited): string {
  const names = requirements.map(({ on_behalf_of }) => on_behalf_of?.name ?? '');
  return safeLine([...new Set(names.filter((name) => name !== ''))].join(', '));
}

/** Whoever is away is told who acts for them. */
function sayWhoActs(items: readonly Awaited[]): void {
  const delegates = items.flatMap(({ requirements }) =>
    requirements.flatMap((one) => one.delegates),
  );
  const untils = new Map(delegates.map(({ name, until }) => [safeLine(name), dayText(until)]));
  for (const [name, until] of untils) remark(`${name} may decide for you until ${until}`);
}

function renderApprovals(items: readonly Awaited[], now: number): string {
  return renderTable(
    items,
    [
      { title: 'ID', text: ({ exception }) => exception.exception_id },
      {
        title: 'AS',
        text: ({ requirements }) =>
          safeLine(requirements.map((each) => requirementText(each as Requirement)).join(', ')),
        least: 16,
      },
      ...(items.some((item) => personsText(item) !== '')
        ? [{ title: 'FOR', text: personsText, least: 10 }]
        : []),
      {
        title: 'WHAT',
        text: whatWaits,
        style: (text, { exception }) =>
          exception.break_glass || exception.owed ? colours.red(text) : text,
        dispensable: 2,
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
        title: 'LEFT',
        text: ({ exception, owed_by }) => timeLeft(owed_by ?? exception.lapses_at, now),
        dispensable: 1,
      },
      { title: 'TITLE', text: ({ exception }) => safeLine(exception.title), least: 11 },
    ],
    terminalWidth(),
  );
}

function whatWaits({ exception, change_id }: Awaited): string {
  if (exception.owed) return exception.owed.kind;
  if (change_id) return 'change';
  return exception.break_glass ? 'break-glass' : 'request';
}

/** Until nobody's decision ends it; the day, where the server has not said what time it is. */
function timeLeft(by: string | null, now: number): string {
  if (by === null) return '';
  return Number.isFinite(now) ? spanText(Math.max(0, Date.parse(by) - now)) : dayText(by);
}
