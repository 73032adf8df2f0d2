import { dataOf, type GroupList, type LapseClient, type paths } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type Group = GroupList['items'][number];
type Access = paths['/v1/groups/{id}/access']['put']['requestBody']['content']['application/json'];

interface MapOptions extends AnswerOptions {
  readonly role?: Access['roles'];
  readonly clearance?: NonNullable<Access['clearance']>;
  readonly none?: boolean;
}

/** `lapse groups list` */
export async function listGroups({ json }: AnswerOptions): Promise<void> {
  const items = await readGroups(connect());
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('the directory has sent no groups yet');
  print(
    renderTable(
      items,
      [
        { title: 'ID', text: ({ group_id }) => group_id, dispensable: 2 },
        { title: 'NAME', text: ({ name }) => safeLine(name), least: 16 },
        { title: 'MEMBERS', text: ({ members }) => String(members) },
        { title: 'ROLES', text: ({ access }) => access?.roles.join(', ') ?? '', least: 16 },
        { title: 'CLEARANCE', text: ({ access }) => access?.clearance ?? '', dispensable: 1 },
      ],
      terminalWidth(),
    ),
  );
}

/** `lapse groups map GROUP` */
export async function mapGroup(given: string, options: MapOptions): Promise<void> {
  const { role, clearance, none, json } = options;
  if (none ? role || clearance : !role && !clearance)
    throw usageFailure(
      'it takes --role and --clearance, or --none',
      'lapse groups map "Lapse Security" --role security',
    );
  const client = connect();
  const path = { id: await groupIdOf(client, given) };
  const body = { roles: role ?? [], ...(clearance === undefined ? {} : { clearance }) };
  const group = await dataOf(
    none
      ? client.DELETE('/v1/groups/{id}/access', { params: { path } })
      : client.PUT('/v1/groups/{id}/access', { params: { path }, body }),
  );
  if (json) return printJson(group);
  const who = `${safeLine(group.name)} (members: ${group.members})`;
  if (!group.access) return print(`nothing follows from ${who} any more`);
  const roles = group.access.roles.join(', ') || 'no role';
  print(`${who} gives ${roles}; clearance: ${group.access.clearance}`);
}

/** The id of a group that is named by it or by its name, which has to be that of one alone. */
async function groupIdOf(client: LapseClient, given: string): Promise<string> {
  if (/^grp_\w+$/.test(given)) return given;
  const groups = await readGroups(client);
  const found = groups.filter(({ name }) => name.toLowerCase() === given.toLowerCase());
  if (found.length === 1 && found[0]) return found[0].group_id;
  const many = found.map(({ group_id }) => group_id).join(', ');
  throw new CommandFailure(
    found.length === 0
      ? `there is no group ${safeLine(given)}`
      : `several groups are called ${safeLine(given)}: ${many}`,
    { exitCode: EXIT.refused, next: '`lapse groups list` shows them with their ids' },
  );
}

function readGroups(client: LapseClient): Promise<Group[]> {
  return allItems((query) => dataOf(client.GET('/v1/groups', { params: { query } })));
}
