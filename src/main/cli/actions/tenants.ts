import { dataOf, type paths } from '@lapse/client';
import type { ServerCommand } from '../../server-tenants.ts';
import { renderTable } from '../render/render-table.ts';
import { dayText, timeText } from '../render/time-text.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connectAsOperator } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { startFailure } from '../terminal/start-failure.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type Tenant = paths['/v1/tenants/{id}']['get']['responses']['200']['content']['application/json'];

interface ReasonOptions extends AnswerOptions {
  readonly reason: string;
}

/** `lapse tenant create NAME`: the link alone goes to standard output. */
export async function createTenant(
  name: string,
  { email, json }: AnswerOptions & { email?: string },
): Promise<void> {
  const body = { name, ...(email === undefined ? {} : { email }) };
  const made = await dataOf(connectAsOperator().POST('/v1/tenants', { body }));
  if (json) return printJson(made);
  remark(
    `${safeLine(made.name)} is tenant ${made.tenant_id}. Its first administrator signs in with:`,
  );
  print(made.sign_in_link ?? '');
  remark('It works once, within 15 minutes, and is shown this once. Another one:');
  remark(`  lapse token sign-in-link --tenant ${made.tenant_id}`);
}

/** `lapse tenant list` */
export async function listTenants({ json }: AnswerOptions): Promise<void> {
  const client = connectAsOperator();
  const items = await allItems((query) => dataOf(client.GET('/v1/tenants', { params: { query } })));
  if (json) return printJson({ items, next_cursor: null });
  const table = renderTable(
    items,
    [
      { title: 'ID', text: ({ tenant_id }) => tenant_id },
      { title: 'STATE', text: stateText },
      { title: 'NAME', text: ({ name }) => safeLine(name), least: 12 },
      { title: 'CREATED', text: ({ created_at }) => dayText(created_at ?? ''), dispensable: 1 },
    ],
    terminalWidth(),
  );
  print(table);
}

/** `lapse tenant suspend|resume|keep ID --reason …` */
export async function actOnTenant(
  action: 'suspend' | 'resume' | 'cancel-deletion',
  id: string,
  { reason, json }: ReasonOptions,
): Promise<void> {
  const answer = await dataOf(
    connectAsOperator().POST(`/v1/tenants/{id}/${action}`, {
      params: { path: { id } },
      body: { reason },
    }),
  );
  if (json) return printJson(answer);
  print(`${safeLine(answer.name)} is ${stateText(answer)}`);
}

/** `lapse tenant delete ID --reason …` */
export async function deleteTenant(
  id: string,
  { reason, beforeRetention, json }: ReasonOptions & { beforeRetention?: boolean },
): Promise<void> {
  const answer = beforeRetention ? await onServer(id, reason) : await onRequest(id, reason);
  if (json) return printJson(answer);
  print(`${safeLine(answer.name)} is deleted on ${timeText(answer.deletion?.due_at ?? '')}`);
  remark('Until then it can be read, and the deletion called off:');
  remark(`  lapse tenant keep ${answer.tenant_id} --reason …`);
}

function onRequest(id: string, reason: string) {
  const params = { path: { id }, query: { reason } };
  return dataOf(connectAsOperator().DELETE('/v1/tenants/{id}', { params }));
}

async function onServer(id: string, reason: string) {
  if (reason.trim() === '') throw usageFailure('--reason is empty', 'say why; it is kept for ever');
  const { deleteBeforeRetention } = await import('../../server-tenants.ts');
  return onServersMachine((command) => deleteBeforeRetention(command, id, reason));
}

/** `lapse token operator`: the token goes into a file, and is shown nowhere. */
export async function makeToken({ name }: { name: string }): Promise<void> {
  const { makeOperatorToken } = await import('../../server-tenants.ts');
  const file = await onServersMachine((command) => makeOperatorToken(command, name));
  print(file);
  remark('`lapse tenant …` finds it there, for a year. It sees names, states and counts alone.');
}

/** `lapse token administrator`: likewise, for who administers the first tenant. */
export async function renewAdministrator(): Promise<void> {
  const { makeAdministratorToken } = await import('../../server-tenants.ts');
  const { file, endsAt } = await onServersMachine(makeAdministratorToken);
  print(file);
  remark(`It administers until ${dayText(endsAt)}. People of their own: lapse people add --help`);
}

async function onServersMachine<T>(work: (command: ServerCommand) => Promise<T>): Promise<T> {
  try {
    const { readConfig } = await import('../../../platform/config/config.ts');
    const { config, secrets } = await readConfig(process.env, process.cwd());
    return await work({ config, secrets, progress: (text) => remark(`lapse: ${text}`) });
  } catch (error) {
    throw startFailure(error, process.env);
  }
}

function stateText({ state, ledger, deletion }: Tenant): string {
  const when = state === 'to-be-deleted' && deletion ? ` on ${dayText(deletion.due_at)}` : '';
  return `${state.replaceAll('-', ' ')}${when}${ledger === 'diverged' ? ', ledger diverged' : ''}`;
}
