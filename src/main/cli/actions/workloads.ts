import { dataOf, type paths, type WorkloadList } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { dayText } from '../render/time-text.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { sayNext } from '../terminal/say.ts';
import type { AnswerOptions } from './answer-record.ts';

type NewWorkload = paths['/v1/workloads']['post']['requestBody']['content']['application/json'];
type Workload = WorkloadList['items'][number];

interface NewWorkloadOptions
  extends AnswerOptions,
    Pick<NewWorkload, 'name' | 'issuer' | 'role' | 'audience'> {
  readonly claim: readonly string[];
  readonly scope?: NewWorkload['scopes'];
  readonly clearance?: NewWorkload['clearance'];
}

/** `lapse workload add` */
export async function addWorkload(options: NewWorkloadOptions): Promise<void> {
  const { claim, scope, clearance, name, issuer, role, audience, json } = options;
  const body = {
    ...{ name, issuer, role, claims: claimsOf(claim) },
    ...(audience === undefined ? {} : { audience }),
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(clearance === undefined ? {} : { clearance }),
  };
  const added = await dataOf(connect().POST('/v1/workloads', { body }));
  if (json) return printJson(added);
  print(`${added.workload_id} signs in as ${role}`);
  remark(`Its tokens have to be for the audience\n  ${safeLine(added.audience)}`);
}

/** `lapse workload list` */
export async function listWorkloads({ json }: AnswerOptions): Promise<void> {
  const answer = await dataOf(connect().GET('/v1/workloads'));
  if (json) return printJson(answer);
  if (answer.items.length === 0) {
    remark('no workload may sign in yet');
    return sayNext('lapse workload add --help');
  }
  const table = renderTable(
    answer.items,
    [
      { title: 'ID', text: ({ workload_id }) => workload_id },
      { title: 'ROLE', text: ({ role }) => role },
      { title: 'NAME', text: ({ name }) => safeLine(name), least: 12 },
      { title: 'CLAIMS', text: (workload) => safeLine(claimsText(workload)), least: 20 },
      { title: 'ISSUER', text: ({ issuer }) => safeLine(issuer), least: 12, dispensable: 1 },
      { title: 'SCOPES', text: ({ scopes }) => scopes?.join(' ') ?? 'all', dispensable: 2 },
      { title: 'ADDED', text: ({ created_at }) => dayText(created_at), dispensable: 3 },
    ],
    terminalWidth(),
  );
  print(table);
}

/** `lapse workload remove ID` */
export async function removeWorkload(id: string): Promise<void> {
  await connect().DELETE('/v1/workloads/{id}', { params: { path: { id } } });
  print(`${safeLine(id)} signs in no more`);
}

function claimsOf(given: readonly string[]): Record<string, string[]> {
  const claims = new Map<string, string[]>();
  for (const claim of given) {
    const at = claim.indexOf('=');
    if (at < 1) {
      throw usageFailure(
        `--claim ${claim} does not name a claim and its value`,
        'write --claim name=value, such as --claim repository=acme/app',
      );
    }
    const name = claim.slice(0, at);
    claims.set(name, [...(claims.get(name) ?? []), claim.slice(at + 1)]);
  }
  return Object.fromEntries(claims);
}

function claimsText({ claims }: Workload): string {
  return Object.entries(claims)
    .map(([name, values]) => `${name}=${values.join('|')}`)
    .join(' ');
}
