import { dataOf, type LapseClient, type PeopleList, type paths } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { dayText } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type Person = PeopleList['items'][number];
type NewPerson = paths['/v1/people']['post']['requestBody']['content']['application/json'];

interface PersonOptions extends AnswerOptions {
  readonly name?: string;
  readonly email?: string;
  readonly role?: NonNullable<NewPerson['roles']>;
  readonly clearance?: NonNullable<NewPerson['clearance']>;
}

/** `lapse people list` */
export async function listPeople({
  all,
  json,
}: AnswerOptions & { readonly all?: boolean }): Promise<void> {
  const items = await readPeople(connect(), all === true);
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nobody has been added, and nobody has signed in yet');
  print(
    renderTable(
      items,
      [
        { title: 'ID', text: ({ person_id }) => person_id, dispensable: 2 },
        { title: 'NAME', text: ({ name }) => safeLine(name), least: 12 },
        { title: 'E-MAIL', text: ({ email }) => safeLine(email ?? ''), least: 12 },
        { title: 'ROLES', text: ({ roles }) => roles.join(', ') || 'none', least: 12 },
        { title: 'CLEARANCE', text: ({ clearance }) => clearance, dispensable: 1 },
        {
          title: 'STATE',
          text: ({ active }) => (active ? 'active' : 'left'),
          style: (text) => (text === 'left' ? colours.dim(text) : text),
        },
        {
          title: 'DIRECTORY',
          text: ({ user_name }) => (user_name === null ? '' : 'yes'),
          dispensable: 3,
        },
        {
          title: 'SIGNED IN',
          text: ({ signed_in_at }) => (signed_in_at ? dayText(signed_in_at) : 'never'),
          dispensable: 4,
        },
      ],
      terminalWidth(),
    ),
  );
}

/** `lapse people add` */
export async function addPerson({
  json,
  ...options
}: PersonOptions & { readonly name: string }): Promise<void> {
  const body = { ...bodyOf(options), name: options.name };
  const person = await dataOf(connect().POST('/v1/people', { body }));
  if (json) return printJson(person);
  print(`${person.person_id}: ${sentenceOf(person)}`);
}

/** `lapse people set PERSON` */
export async function setPerson(given: string, { json, ...options }: PersonOptions): Promise<void> {
  const body = bodyOf(options);
  if (Object.keys(body).length === 0)
    throw usageFailure(
      'nothing to change was given',
      'name one of --name, --email, --role, --clearance',
    );
  const client = connect();
  const id = await personIdOf(client, given);
  const person = await dataOf(client.PATCH('/v1/people/{id}', { params: { path: { id } }, body }));
  if (json) return printJson(person);
  print(sentenceOf(person));
}

/** `lapse people deactivate PERSON`, `lapse people reactivate PERSON` */
export async function turnPerson(
  action: 'deactivate' | 'reactivate',
  given: string,
  { reason, json }: AnswerOptions & { readonly reason: string },
): Promise<void> {
  const client = connect();
  const id = await personIdOf(client, given);
  const person = await dataOf(
    client.POST(`/v1/people/{id}/${action}`, { params: { path: { id } }, body: { reason } }),
  );
  if (json) return printJson(person);
  print(sentenceOf(person));
  if (person.active) return;
  remark('Sessions and tokens of theirs open nothing any more.');
  remark(`What they still answer for: lapse people leaving ${id}`);
}

/** The id of a person who is named by it or by their address. */
export async function personIdOf(client: LapseClient, given: string): Promise<string> {
  if (!given.includes('@')) return given;
  const people = await readPeople(client, true);
  const found = people.find(({ email }) => email?.toLowerCase() === given.toLowerCase());
  if (found) return found.person_id;
  throw new CommandFailure(`nobody has the address ${safeLine(given)}`, {
    exitCode: EXIT.refused,
    next: '`lapse people list --all` shows who there is',
  });
}

function readPeople(client: LapseClient, all: boolean): Promise<Person[]> {
  const wanted = all ? {} : ({ active: 'true' } as const);
  return allItems((page) =>
    dataOf(client.GET('/v1/people', { params: { query: { ...wanted, ...page } } })),
  );
}

function bodyOf({ name, email, role, clearance }: PersonOptions) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(role === undefined ? {} : { roles: role }),
    ...(clearance === undefined ? {} : { clearance }),
  };
}

function sentenceOf({ name, roles, clearance, active }: Person): string {
  const who = safeLine(name);
  if (!active) return `${who} has left, and may not sign in`;
  const as =
    roles.length === 0 ? 'has no role, and cannot sign in' : `may sign in as ${roles.join(', ')}`;
  return `${who} ${as}; clearance: ${clearance}`;
}
