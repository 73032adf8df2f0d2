import { dataOf, type paths } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { sayNext } from '../terminal/say.ts';
import type { AnswerOptions } from './answer-record.ts';
import { readSecretFile } from './secret-file.ts';

type Body = paths['/v1/providers/{name}']['put']['requestBody']['content']['application/json'];
type Role = NonNullable<Body['default_roles']>[number];
type Clearance = NonNullable<Body['default_clearance']>;

interface PutOptions extends AnswerOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecretFile?: string;
  readonly label?: string;
  readonly scope?: string[];
  readonly claim?: string;
  readonly role?: string[];
  readonly defaultRole?: Role[];
  readonly clearance?: string[];
  readonly defaultClearance?: Clearance;
  readonly emailDomain?: string[];
}

/** `lapse provider list` */
export async function listProviders({ json }: AnswerOptions): Promise<void> {
  const answer = await dataOf(connect().GET('/v1/providers', {}));
  if (json) return printJson(answer);
  if (answer.items.length === 0) {
    remark('no provider of sign-in is set up');
    return sayNext('lapse provider put --help');
  }
  const table = renderTable(
    answer.items,
    [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'ISSUER', text: ({ issuer }) => safeLine(issuer), least: 20 },
      { title: 'CLIENT', text: ({ client_id }) => safeLine(client_id), least: 10, dispensable: 2 },
      { title: 'ROLES', text: ({ roles }) => rolesText(roles), least: 12, dispensable: 1 },
    ],
    terminalWidth(),
  );
  print(table);
}

/** `lapse provider put NAME`: the secret comes from a file, so that no process list shows it. */
export async function putProvider(name: string, options: PutOptions): Promise<void> {
  const { issuer, clientId, label = name, scope, claim, defaultRole, defaultClearance } = options;
  const secret = await readSecretFile(options.clientSecretFile, '--client-secret-file');
  const body: Body = {
    label,
    issuer,
    client_id: clientId,
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(scope ? { scopes: scope } : {}),
    ...(claim ? { roles_claim: claim } : {}),
    roles: rolesByValue(options.role ?? []),
    ...(defaultRole ? { default_roles: defaultRole } : {}),
    clearances: Object.fromEntries(
      (options.clearance ?? []).map((pair) => split(pair, '--clearance') as [string, Clearance]),
    ),
    ...(defaultClearance ? { default_clearance: defaultClearance } : {}),
    email_domains: options.emailDomain ?? [],
  };
  const params = { path: { name } };
  const answer = await dataOf(connect().PUT('/v1/providers/{name}', { params, body }));
  if (options.json) return printJson(answer);
  print(`${name} is in use: people sign in with it at /sign-in`);
  remark('At the provider, allow these addresses of this Lapse:');
  remark(`  to come back to    ${answer.redirect_uri}`);
  remark(`  after signing out  ${answer.post_logout_redirect_uri}`);
}

/** `lapse provider remove NAME` */
export async function removeProvider(name: string): Promise<void> {
  await dataOf(connect().DELETE('/v1/providers/{name}', { params: { path: { name } } }));
  print(`${safeLine(name)} signs nobody in any more`);
}

function rolesByValue(pairs: readonly string[]): Record<string, Role[]> {
  const roles: Record<string, Role[]> = {};
  for (const pair of pairs) {
    const [value, role] = split(pair, '--role');
    roles[value] = [...(roles[value] ?? []), role as Role];
  }
  return roles;
}

/** A value of the claim, which may hold `=` itself, and what it gives. */
function split(pair: string, option: string): [string, string] {
  const at = pair.lastIndexOf('=');
  if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
  throw usageFailure(
    `${option} ${pair} names no value and what it gives`,
    `${option} engineers=requestor`,
  );
}

function rolesText(roles: Readonly<Record<string, readonly string[]>>): string {
  const pairs = Object.entries(roles).map(([value, given]) => `${value}: ${given.join(' ')}`);
  return pairs.length === 0 ? 'set in Lapse' : safeLine(pairs.join(', '));
}
