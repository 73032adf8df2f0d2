import { dataOf, type paths, type TokenList, timedDataOf } from '@lapse/client';
import { FULL_CLEARANCE } from '../../../domain/access/clearance.ts';
import { renderTable } from '../render/render-table.ts';
import { dayText, timeText } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { readEnd } from '../terminal/read-time.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type NewToken = paths['/v1/tokens']['post']['requestBody']['content']['application/json'];
type Token = TokenList['items'][number];

interface NewTokenOptions extends AnswerOptions {
  readonly role: NewToken['role'];
  readonly clearance?: NonNullable<NewToken['clearance']>;
  readonly name: string;
  readonly email?: string;
  readonly scope?: NewToken['scopes'];
  readonly expires?: string;
}

/** `lapse token create`: the secret alone goes to standard output, so that it can go into a file. */
export async function createToken(options: NewTokenOptions): Promise<void> {
  const { role, clearance, name, email, scope, expires, json } = options;
  const answer = await dataOf(
    connect().POST('/v1/tokens', {
      body: {
        role,
        name,
        ...(clearance ? { clearance } : {}),
        ...(email ? { email } : {}),
        ...(scope ? { scopes: scope } : {}),
        ...(expires === undefined ? {} : endOf(expires)),
      },
    }),
  );
  if (json) return printJson(answer);
  if (answer.token === null) {
    remark('the token was made before, and its secret was shown then; make another one');
    return;
  }
  remark(`A token for ${safeLine(answer.name)} as ${role}, until ${timeText(answer.expires_at)}:`);
  print(answer.token);
  if (answer.clearance !== FULL_CLEARANCE)
    remark(`It is cleared up to ${answer.clearance}: what is above that is not shown to it.`);
  remark('It is shown this once. To use it:');
  remark(`  LAPSE_TOKEN=${process.stdout.isTTY ? answer.token : '…'} lapse list`);
  if (!email && role !== 'auditor') {
    remark('Without --email nobody can tell that two tokens are one person.');
  }
}

/** `lapse token list` */
export async function listTokens({ json }: AnswerOptions): Promise<void> {
  const client = connect();
  let now = Number.NaN;
  const items = await allItems(async (query) => {
    const { data, now: at } = await timedDataOf(client.GET('/v1/tokens', { params: { query } }));
    now = at;
    return data;
  });
  if (json) return printJson({ items, next_cursor: null });
  const table = renderTable(
    items,
    [
      { title: 'ID', text: ({ token_id }) => token_id },
      { title: 'ROLE', text: ({ role }) => role },
      {
        title: 'STATE',
        text: (token) => stateOf(token, now),
        style: (text) => (text.startsWith('valid') ? text : colours.dim(text)),
      },
      { title: 'NAME', text: ({ name }) => safeLine(name), least: 12 },
      { title: 'E-MAIL', text: ({ email }) => safeLine(email ?? ''), least: 12, dispensable: 1 },
      {
        title: 'SCOPES',
        text: ({ scopes }) => scopes?.join(' ') ?? 'all',
        least: 6,
        dispensable: 1,
      },
      { title: 'CLEARANCE', text: ({ clearance }) => clearance, dispensable: 3 },
      { title: 'CREATED', text: ({ created_at }) => dayText(created_at), dispensable: 2 },
    ],
    terminalWidth(),
  );
  print(table);
}

/** `lapse token revoke ID` */
export async function revokeToken(id: string, { json }: AnswerOptions): Promise<void> {
  const answer = await dataOf(connect().DELETE('/v1/tokens/{id}', { params: { path: { id } } }));
  if (json) return printJson(answer);
  print(`${answer.token_id} of ${safeLine(answer.name)} opens nothing any more`);
}

function endOf(expires: string) {
  const end = readEnd(expires, '--expires');
  return 'at' in end ? { expires_at: end.at } : end;
}

function stateOf({ revoked_at, expires_at }: Token, now: number): string {
  if (revoked_at) return `revoked ${dayText(revoked_at)}`;
  return Date.parse(expires_at) <= now
    ? `over ${dayText(expires_at)}`
    : `valid to ${dayText(expires_at)}`;
}
