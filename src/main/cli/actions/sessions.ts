import { dataOf, timedDataOf } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { timeText } from '../render/time-text.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import type { AnswerOptions } from './answer-record.ts';

/** `lapse session list` */
export async function listSessions(options: AnswerOptions & { person?: string }): Promise<void> {
  const query = options.person === undefined ? {} : { person: options.person };
  const { data } = await timedDataOf(connect().GET('/v1/sessions', { params: { query } }));
  if (options.json) return printJson(data);
  if (data.items.length === 0) return remark('no session; a token is none');
  const table = renderTable(
    data.items,
    [
      { title: 'ID', text: ({ session_id }) => session_id },
      { title: 'SEEN', text: ({ seen_at }) => timeText(seen_at) },
      { title: 'ENDS', text: ({ ends_at }) => timeText(ends_at), dispensable: 2 },
      {
        title: 'THROUGH',
        text: ({ signed_in }) => signed_in.issuer ?? 'a one-time link',
        least: 10,
        dispensable: 1,
      },
      {
        title: 'WITH',
        text: ({ user_agent }) => safeLine(user_agent ?? ''),
        least: 10,
        dispensable: 3,
      },
    ],
    terminalWidth(),
  );
  print(table);
}

/** `lapse session end ID` */
export async function endSession(id: string): Promise<void> {
  await dataOf(connect().DELETE('/v1/sessions/{id}', { params: { path: { id } } }));
  print(`${safeLine(id)} opens nothing any more`);
}

/** `lapse whoami` */
export async function whoAmI({ json }: AnswerOptions): Promise<void> {
  const me = await dataOf(connect().GET('/v1/me', {}));
  if (json) return printJson(me);
  const address = me.email === null ? '' : ` <${me.email}>`;
  print(safeLine(`${me.name}${address}`));
  print(`as ${me.roles.join(', ')}, in tenant ${me.tenant_org}`);
  print(`cleared up to ${me.clearance}`);
}
