import type {
  CallOutcome,
  CloudGrant,
  Connector,
  GrantOrder,
  Observation,
  Placed,
} from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { parseInstant } from '../../domain/schedule/instant.ts';
import { type AzureClient, errorCode } from './azure-client.ts';
import { markFor, markIn } from './mark.ts';
import { nameByKey } from './name-by-key.ts';
import { failureOf, RESOURCE_MANAGER_PACE, unanswered, unseen } from './outcomes.ts';
import { same, withoutSlash } from './scopes.ts';

const API = 'api-version=2022-04-01';
const PROVIDER = 'providers/Microsoft.Authorization/roleAssignments';
const DEFINITIONS = 'providers/Microsoft.Authorization/roleDefinitions';

/** A role assignment as Resource Manager answers it; only what is used. */
interface Assignment {
  readonly id: string;
  readonly properties: {
    readonly scope: string;
    readonly roleDefinitionId: string;
    readonly principalId: string;
    readonly principalType?: string;
    readonly description?: string | null;
    readonly createdOn?: string;
    readonly createdBy?: string | null;
  };
}

/**
 * Azure role assignments (tier 0, tier 1). A grant's `target` is the scope, `subject` the object id of
 * the principal, `permission` the role definition by id or GUID; `parameters.principal_type` says what
 * the principal is (User unless given). They cannot be changed, and one that is made anew has another
 * name: they are found by scope, principal and role (reference/azure.md, Role assignment).
 */
export function roleAssignments(azure: AzureClient): Connector {
  /** Every assignment at exactly this scope, of this principal, with this role. */
  async function find(spec: GrantSpec, signal: AbortSignal): Promise<Assignment[]> {
    const scope = scopeOf(spec);
    const filter = encodeURIComponent(`principalId eq '${(spec.subject ?? '').trim()}'`);
    const found: Assignment[] = [];
    const path = `${scope}/${PROVIDER}?${API}&$filter=${filter}`;
    for await (const page of azure.values('resource-manager', path, signal)) {
      found.push(...(page as Assignment[]).filter((assignment) => isSame(assignment, spec)));
    }
    return found;
  }

  return {
    readsToConfirm: 1,
    pace: RESOURCE_MANAGER_PACE,

    async apply({ spec, grantId }: GrantOrder, signal): Promise<CallOutcome> {
      const incomplete = whatIsMissing(spec);
      if (incomplete) return { kind: 'refused', message: incomplete };
      try {
        const path = `${scopeOf(spec)}/${PROVIDER}/${nameByKey(spec)}?${API}`;
        const properties = {
          roleDefinitionId: roleOf(spec),
          principalId: spec.subject?.trim(),
          principalType: spec.parameters?.principal_type ?? 'User',
          description: markFor(grantId),
        };
        const answer = await azure.manage({ method: 'PUT', path, body: { properties } }, signal);
        // Somebody has assigned it already, under another name: it is there, and not ours.
        if (answer.status === 409 && errorCode(answer) === 'RoleAssignmentExists')
          return { kind: 'done' };
        const failure = failureOf(answer);
        if (failure) return failure;
        return { kind: 'done', placed: placedOf(answer.body as Assignment) };
      } catch (error) {
        return unanswered(error);
      }
    },

    async remove({ spec, placed }: GrantOrder, signal): Promise<CallOutcome> {
      try {
        // What we put there is asked for by its name, since lists lag behind; Azure has the same access
        // once at most. Where it is not there any more, somebody may have made it anew.
        if (placed?.ours) {
          const answer = await azure.manage(
            { method: 'DELETE', path: `${placed.id}?${API}` },
            signal,
          );
          if (answer.status === 200) return { kind: 'done' };
          const failure = failureOf(answer);
          if (failure && answer.status !== 404) return failure;
        }
        for (const { id } of await find(spec, signal)) {
          const answer = await azure.manage({ method: 'DELETE', path: `${id}?${API}` }, signal);
          const failure = failureOf(answer);
          if (failure && answer.status !== 404) return failure;
        }
        return { kind: 'done' };
      } catch (error) {
        return unanswered(error);
      }
    },

    async observe({ spec }: GrantOrder, signal): Promise<Observation> {
      try {
        const [found] = await find(spec, signal);
        return found ? { kind: 'present', placed: placedOf(found) } : { kind: 'absent' };
      } catch (error) {
        return unseen(unanswered(error));
      }
    },

    async *list(scope, signal): AsyncIterable<CloudGrant> {
      const path = `${withoutSlash(scope)}/${PROVIDER}?${API}`;
      for await (const page of azure.values('resource-manager', path, signal)) {
        for (const assignment of page as Assignment[]) yield cloudGrant(assignment);
      }
    },
  };
}

function cloudGrant(assignment: Assignment): CloudGrant {
  const { scope, principalId, roleDefinitionId, principalType, createdBy, createdOn } =
    assignment.properties;
  const markedFor = markIn(assignment.properties.description);
  return {
    spec: {
      kind: 'role-assignment',
      target: scope,
      subject: principalId,
      permission: guidOf(roleDefinitionId),
      ...(principalType === undefined ? {} : { parameters: { principal_type: principalType } }),
    },
    placed: placedOf(assignment),
    ...(markedFor === undefined ? {} : { markedFor }),
    ...(createdBy ? { createdBy } : {}),
    ...(createdOn === undefined ? {} : { createdAt: parseInstant(createdOn) }),
  };
}

function placedOf(assignment: Assignment): Placed {
  return { id: assignment.id, ours: markIn(assignment.properties.description) !== undefined };
}

function isSame({ properties }: Assignment, spec: GrantSpec): boolean {
  return (
    same(properties.scope, scopeOf(spec)) &&
    same(properties.principalId, spec.subject ?? '') &&
    same(guidOf(properties.roleDefinitionId), guidOf(spec.permission ?? ''))
  );
}

function whatIsMissing({ subject, permission }: GrantSpec): string | undefined {
  if (!subject) return 'a role assignment needs a subject: the object id of the principal';
  if (!permission) return 'a role assignment needs a permission: the id of the role definition';
  return undefined;
}

function scopeOf({ target }: GrantSpec): string {
  return withoutSlash(target);
}

/** The role definition's id, at the subscription of the scope where only its GUID is given. */
function roleOf(spec: GrantSpec): string {
  const role = (spec.permission ?? '').trim();
  if (role.startsWith('/')) return role;
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scopeOf(spec))?.[0] ?? '';
  return `${subscription}/${DEFINITIONS}/${role}`;
}

function guidOf(role: string): string {
  return role.trim().split('/').at(-1) ?? '';
}
