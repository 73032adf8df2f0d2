import { type DelegationList, dataOf, timedDataOf } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { dayText, timeText } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { readEnd, readInstant } from '../terminal/read-time.ts';
import { sayNext } from '../terminal/say.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type Delegation = DelegationList['items'][number];

interface DelegateOptions extends AnswerOptions {
  readonly until: string;
  readonly from?: string;
  readonly roles?: readonly string[];
  readonly reason: string;
}

/** `lapse delegate PERSON`: lets somebody approve for whoever asks, until an instant. */
export async function delegate(
  to: string,
  { until, from, roles, reason, json }: DelegateOptions,
): Promise<void> {
  const end = readEnd(until, '--until');
  const answer = await dataOf(
    connect().POST('/v1/delegations', {
      body: {
        ...{ to, reason },
        ...('at' in end ? { until: end.at } : end),
        ...(from === undefined ? {} : { from: readInstant(from, '--from') }),
        ...(roles === undefined ? {} : { roles: roles as never }),
      },
    }),
  );
  if (json) return printJson(answer);
  const start = answer.state === 'planned' ? `from ${timeText(answer.starts_at)} ` : '';
  const said = `${safeLine(answer.to.name)} may approve as ${answer.roles.join(', ')} for you`;
  print(`${answer.delegation_id}  ${answer.state}`);
  for (const text of [said, `${start}until ${timeText(answer.until)}`])
    for (const line of wrapTo(text, terminalWidth() - 2)) print(`  ${line}`);
  sayNext(`lapse delegations end ${answer.delegation_id}, should you be back before`);
}

/** `lapse delegations`: who acts for whom. */
export async function listDelegations({
  all,
  json,
}: AnswerOptions & { readonly all?: boolean }): Promise<void> {
  const client = connect();
  const asked = all ? ({ all: 'true' } as const) : {};
  const items = await allItems(async (page) => {
    const params = { query: { ...page, ...asked } };
    return (await timedDataOf(client.GET('/v1/delegations', { params }))).data;
  });
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nobody acts for anybody');
  print(
    renderTable(
      items,
      [
        { title: 'ID', text: ({ delegation_id }) => delegation_id },
        { title: 'FOR', text: ({ from }) => safeLine(from.name), least: 12 },
        { title: 'ACTS', text: ({ to }) => safeLine(to.name), least: 12 },
        { title: 'AS', text: ({ roles }) => roles.join(', '), least: 8 },
        {
          title: 'WHEN',
          text: stateText,
          style: (text) => (text.startsWith('until') ? text : colours.dim(text)),
        },
        { title: 'REASON', text: ({ reason }) => safeLine(reason), dispensable: 1 },
      ],
      terminalWidth(),
    ),
  );
}

/** `lapse delegations end ID` */
export async function endDelegation(
  id: string,
  { reason, json }: AnswerOptions & { readonly reason?: string },
): Promise<void> {
  const answer = await dataOf(
    connect().POST('/v1/delegations/{id}/end', {
      params: { path: { id } },
      body: reason === undefined ? {} : { reason },
    }),
  );
  if (json) return printJson(answer);
  print(`${safeLine(answer.to.name)} does not act for ${safeLine(answer.from.name)} any more`);
}

function stateText({ state, starts_at, until, ended }: Delegation): string {
  if (state === 'planned') return `from ${dayText(starts_at)}`;
  return state === 'active' ? `until ${dayText(until)}` : `ended ${dayText(ended?.at ?? until)}`;
}
