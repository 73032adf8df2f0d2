import type { Connector, Pace, Placed } from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { type AzureAnswer, type AzureClient, errorText } from './azure-client.ts';
import { BadSpec } from './bad-spec.ts';
import { called, failureOf, looked } from './outcomes.ts';
import { isGuid } from './scopes.ts';

/** Microsoft Graph takes fewer writes to groups than reads, and counts them for the whole directory. */
const GRAPH_PACE: Pace = { burst: 100, perSecond: 10, atOnce: 8 };

/**
 * Members of an Entra ID group, as the one that Conditional Access leaves out. A grant's `target` is the
 * group's object id, `subject` the user's. Nothing in the cloud says who added a member, so whoever it
 * was, a membership is what the record names. Reads lag behind writes: three of them count.
 */
export function groupMembers(azure: AzureClient): Connector {
  return {
    readsToConfirm: 3,
    pace: GRAPH_PACE,

    async apply({ spec }, signal) {
      return called(async () => {
        const { group, user } = idsOf(spec);
        const body = {
          '@odata.id': `${azure.addressOf('graph')}/v1.0/directoryObjects/${user}`,
        };
        const path = `/v1.0/groups/${group}/members/$ref`;
        const answer = await azure.graph({ method: 'POST', path, body }, signal);
        if (isMemberAlready(answer)) return { kind: 'done' };
        return failureOf(answer) ?? { kind: 'done', placed: placedOf(spec, true) };
      });
    },

    async remove({ spec }, signal) {
      return called(async () => {
        const answer = await azure.graph({ method: 'DELETE', path: referencePath(spec) }, signal);
        // Neither the membership nor, perhaps, the group is there: a look tells which.
        if (answer.status === 404) return { kind: 'done' };
        return failureOf(answer) ?? { kind: 'done' };
      });
    },

    async observe({ spec, placed }, signal) {
      return looked(async () => {
        const { group, user } = idsOf(spec);
        for await (const id of memberIds(azure, group, signal)) {
          if (id.toLowerCase() === user)
            return { kind: 'present', placed: placedOf(spec, placed?.ours ?? false) };
        }
        return { kind: 'absent' };
      });
    },

    async *list(scope, signal) {
      const target = objectId(scope, 'scope', 'group');
      for await (const subject of memberIds(azure, target, signal)) {
        const spec = { kind: 'group-member', target, subject };
        yield { spec, placed: placedOf(spec, false) };
      }
    },
  };
}

async function* memberIds(
  azure: AzureClient,
  group: string,
  signal: AbortSignal,
): AsyncIterable<string> {
  const path = `/v1.0/groups/${group}/members?$select=id&$top=999`;
  for await (const page of azure.values('graph', path, signal)) {
    for (const { id } of page as { id: string }[]) yield id;
  }
}

/**
 * The path of the reference from a group to its member. Without `/$ref` a DELETE may delete the user
 * (reference/azure.md, Conditional Access): it is built here alone, of two GUIDs.
 */
function referencePath(spec: GrantSpec): string {
  const { group, user } = idsOf(spec);
  return `/v1.0/groups/${group}/members/${user}/$ref`;
}

function isMemberAlready(answer: AzureAnswer): boolean {
  return answer.status === 400 && /already exist/i.test(errorText(answer));
}

function placedOf(spec: GrantSpec, ours: boolean): Placed {
  const { group, user } = idsOf(spec);
  return { id: `groups/${group}/members/${user}`, ours };
}

/** @throws BadSpec */
function idsOf({ target, subject = '' }: GrantSpec): { group: string; user: string } {
  return { group: objectId(target, 'target', 'group'), user: objectId(subject, 'subject', 'user') };
}

function objectId(text: string, name: string, what: string): string {
  if (isGuid(text)) return text.trim().toLowerCase();
  const found = text === '' ? 'missing' : text;
  const example = '11111111-2222-4333-8444-555555555555';
  throw new BadSpec(
    `the ${name} of a group member is ${found}: the object id of the ${what}, such as ${example}, would pass`,
  );
}
