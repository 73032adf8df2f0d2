import { type ConnectionList, dataOf, type paths } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { sayNext } from '../terminal/say.ts';
import type { AnswerOptions } from './answer-record.ts';
import { mappingOfFile } from './field-file.ts';
import { readSecretFile } from './secret-file.ts';

type Connection = ConnectionList['items'][number];
type Body = paths['/v1/connections/{name}']['put']['requestBody']['content']['application/json'];

interface PutOptions extends AnswerOptions {
  readonly name?: string;
  readonly secretFile?: string;
  /** False where it is to have no secret any more. */
  readonly secret?: boolean;
}

/** `lapse connection list` */
export async function listConnections({ json }: AnswerOptions): Promise<void> {
  const answer = await dataOf(connect().GET('/v1/connections', {}));
  if (json) return printJson(answer);
  if (answer.items.length === 0) {
    remark('no cloud is connected: people put access in place and take it away');
    return sayNext('lapse connection put --help');
  }
  const table = renderTable(
    answer.items,
    [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'TO', text: placeOf, least: 12 },
      { title: 'MODE', text: modeOf, least: 8 },
      { title: 'REACHES', text: reachOf, least: 12 },
      { title: 'CREDENTIAL', text: credentialOf, dispensable: 1 },
      { title: 'REVISION', text: ({ revision }) => String(revision), dispensable: 2 },
    ],
    terminalWidth(),
  );
  print(table);
}

/** `lapse connection put FILE`: its secret comes from another file, so that no process list shows it. */
export async function putConnection(file: string, options: PutOptions): Promise<void> {
  if (file === '-' && options.secretFile === '-') {
    throw usageFailure(
      'the settings and the secret cannot both come from standard input',
      'name one of them as a file',
    );
  }
  const {
    name: named,
    revision: _,
    secret: written,
    ...settings
  } = await mappingOfFile(file, {
    what: 'the settings of one connection',
    next: 'write `name`, `connector` and so on, one a line; see lapse connection put --help',
  });
  if (written !== undefined) {
    throw usageFailure(
      `${file} has a secret in it, beside what may be kept with other files`,
      'take it out, and name a file of its own with --secret-file',
    );
  }
  const name = options.name ?? named;
  if (typeof name !== 'string' || name === '')
    throw usageFailure('the connection has no name', 'write `name: azure` in the file, or --name');
  const secret = options.secret === false ? null : await readSecretFile(...secretOf(options));
  const body = { ...settings, ...(secret === undefined ? {} : { secret }) } as Body;
  const params = { path: { name } };
  const put = await dataOf(connect().PUT('/v1/connections/{name}', { params, body }));
  if (options.json) return printJson(put);
  print(`${put.name} is in use: ${placeOf(put)}, mode ${modeOf(put)}`);
  sayNext('lapse grants --dry-run shows what Lapse does through it');
}

function secretOf({ secretFile }: PutOptions): [string | undefined, string] {
  return [secretFile, '--secret-file'];
}

/** `lapse connection remove NAME` */
export async function removeConnection(name: string): Promise<void> {
  await connect().DELETE('/v1/connections/{name}', { params: { path: { name } } });
  print(`${safeLine(name)} is not used any more`);
  remark('What only it reached is for people to take away: lapse removal-tasks');
}

function placeOf(connection: Connection): string {
  return connection.connector === 'azure'
    ? `Azure (${connection.cloud ?? 'public'}), directory ${connection.directory_id}`
    : safeLine(connection.url);
}

function modeOf({ mode, modes }: Connection): string {
  const others = Object.entries(modes ?? {}).map(([control, other]) => `${control}: ${other}`);
  return [mode, ...others].join(', ');
}

function reachOf(connection: Connection): string {
  if (connection.connector === 'webhook') return safeLine(connection.kinds.join(', '));
  const { subscriptions = [] } = connection;
  return subscriptions.length === 0 ? 'what its credential may' : subscriptions.join(', ');
}

function credentialOf(connection: Connection): string {
  if (connection.connector === 'webhook') return 'signed';
  return connection.credential?.kind ?? 'environment';
}
