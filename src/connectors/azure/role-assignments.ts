import type {
  CallOutcome,
  CloudGrant,
  Connector,
  GrantOrder,
  Observation,
  Placed,
} from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { type AzureClient, errorCode } from './azure-client.ts';
import { connectorOf, deleteAll } from './connector-of.ts';
import { instantOf } from './ends.ts';
import { markFor, markIn } from './mark.ts';
import { nameByKey } from './name-by-key.ts';
import { failureOf } from './outcomes.ts';
import { type PimMark, PimSchedules } from './pim-schedules.ts';
import {
  type AskedRole,
  filterOf,
  guidOf,
  isRole,
  type RoleProperties,
  readRole,
  roleKey,
} from './role-spec.ts';
import { withoutSlash } from './scopes.ts';

const API = 'api-version=2022-04-01';
const PROVIDER = 'providers/Microsoft.Authorization/roleAssignments';

/** A role assignment as Resource Manager answers it; only what is used. */
interface Assignment {
  readonly id: string;
  readonly properties: RoleProperties & {
    readonly principalType?: string;
    readonly description?: string | null;
    readonly createdOn?: string;
    readonly createdBy?: string | null;
  };
}

/**
 * Azure role assignments (tier 0, tier 1), read from a grant by {@link readRole}. They cannot be changed,
 * and one that is made anew has another name: they are found by scope, principal and role
 * (reference/azure.md, Role assignment). What is to have an end of its own is left to PIM; whether the
 * access is there is read from the assignments all the same.
 */
export function roleAssignments(azure: AzureClient): Connector {
  const pim = new PimSchedules(azure);

  /** Every assignment at exactly this scope, of this principal, with this role. */
  async function find(role: AskedRole, signal: AbortSignal): Promise<Assignment[]> {
    const found: Assignment[] = [];
    const path = `${role.scope}/${PROVIDER}?${API}&${filterOf(role)}`;
    for await (const page of azure.values('resource-manager', path, signal)) {
      found.push(...(page as Assignment[]).filter(({ properties }) => isRole(properties, role)));
    }
    return found;
  }

  async function assign(
    { spec, grantId }: GrantOrder,
    role: AskedRole,
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    const { scope, principalId, principalType, roleDefinitionId } = role;
    const path = `${scope}/${PROVIDER}/${nameByKey(spec)}?${API}`;
    const description = markFor(grantId);
    const properties = { roleDefinitionId, principalId, principalType, description };
    const answer = await azure.manage({ method: 'PUT', path, body: { properties } }, signal);
    // Somebody has assigned it already, under another name: it is there, and not ours.
    if (answer.status === 409 && errorCode(answer) === 'RoleAssignmentExists')
      return { kind: 'done' };
    return failureOf(answer) ?? { kind: 'done', placed: placedOf(answer.body as Assignment) };
  }

  async function unassign(
    { spec }: GrantOrder,
    role: AskedRole,
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    // What we put there is asked for by its name, since lists lag behind, and an answer may have been
    // lost; Azure has the same access once at most. Where it is not there, somebody may have made it anew.
    const path = `${role.scope}/${PROVIDER}/${nameByKey(spec)}?${API}`;
    const answer = await azure.manage({ method: 'DELETE', path }, signal);
    if (answer.status === 200) return { kind: 'done' };
    const failure = failureOf(answer);
    if (failure && answer.status !== 404) return failure;
    const ids = (await find(role, signal)).map(({ id }) => id);
    return deleteAll(azure, ids, API, signal);
  }

  /** What PIM has besides: while it works on giving the access, its absence is not known. */
  async function seen(
    found: Assignment | undefined,
    role: AskedRole,
    signal: AbortSignal,
  ): Promise<Observation> {
    const { mark, giving, schedule } = await pim.standing(role, signal);
    if (found) return { kind: 'present', placed: placedOf(found, mark) };
    if (giving.length === 0 && !schedule) return { kind: 'absent' };
    return { kind: 'undecided', message: 'PIM is still working on it' };
  }

  return connectorOf<AskedRole>({
    read: readRole,
    whatIsUnfit: ({ spec, endsAt }) =>
      spec.parameters?.mode === 'pim' && endsAt === undefined
        ? 'a role of the mode pim needs an end: expires_at'
        : undefined,
    apply: (order, role, signal) =>
      role.isTimeBoxed ? pim.apply(order, role, signal) : assign(order, role, signal),

    async remove(order, role, signal) {
      if (!role.isTimeBoxed) return unassign(order, role, signal);
      // Past PIM, somebody may have made it anew.
      return (await pim.remove(order, role, signal)) ?? unassign(order, role, signal);
    },

    async observe(_, role, signal) {
      const [found] = await find(role, signal);
      if (role.isTimeBoxed) return seen(found, role, signal);
      return found ? { kind: 'present', placed: placedOf(found) } : { kind: 'absent' };
    },

    async *list(scope, signal): AsyncIterable<CloudGrant> {
      const marks = await pim.marks(scope, signal);
      const path = `${withoutSlash(scope)}/${PROVIDER}?${API}`;
      for await (const page of azure.values('resource-manager', path, signal)) {
        for (const assignment of page as Assignment[])
          yield cloudGrant(assignment, marks.get(roleKey(assignment.properties)));
      }
    },
  });
}

function cloudGrant(assignment: Assignment, mark: PimMark | undefined): CloudGrant {
  const { scope, principalId, roleDefinitionId, principalType, createdBy, createdOn } =
    assignment.properties;
  const markedFor = markIn(assignment.properties.description) ?? mark?.markedFor;
  const createdAt = instantOf(createdOn);
  return {
    spec: {
      kind: 'role-assignment',
      target: scope,
      subject: principalId,
      permission: guidOf(roleDefinitionId),
      ...parametersOf(principalType, mark),
    },
    placed: placedOf(assignment, mark),
    ...(markedFor === undefined ? {} : { markedFor }),
    ...(createdBy ? { createdBy } : {}),
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

function parametersOf(
  principalType: string | undefined,
  mark: PimMark | undefined,
): Pick<GrantSpec, 'parameters'> {
  const parameters = {
    ...(principalType === undefined ? {} : { principal_type: principalType }),
    ...(mark?.endsAt === undefined ? {} : { mode: 'pim' }),
  };
  return Object.keys(parameters).length > 0 ? { parameters } : {};
}

function placedOf({ id, properties }: Assignment, mark: PimMark = {}): Placed {
  const markedFor = markIn(properties.description) ?? mark.markedFor;
  return {
    id,
    ours: markedFor !== undefined,
    ...(mark.endsAt === undefined ? {} : { endsAt: mark.endsAt }),
  };
}
