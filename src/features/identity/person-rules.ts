import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../../domain/errors.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { groupsGiveAccess } from './group-store.ts';
import type { PersonDetails, PersonState } from './person-events.ts';

/**
 * Refuses by hand what the directory keeps: name and address, and roles and clearance too where
 * they follow from groups.
 */
export async function assertByHand(
  tx: Transaction,
  tenantId: string,
  state: PersonState,
  details: PersonDetails,
): Promise<void> {
  if (!state.directory) return;
  const isSameAccess = isDeepStrictEqual(
    [state.roles, state.clearance],
    [details.roles, details.clearance],
  );
  if (state.name !== details.name || state.email !== details.email)
    throw new DomainError(
      'wrong-state',
      `the directory keeps ${state.name}; change name and address there`,
    );
  if (!isSameAccess && (await groupsGiveAccess(tx, tenantId)))
    throw new DomainError(
      'wrong-state',
      `the roles and the clearance of ${state.name} follow from the groups of the directory; change those, or what they give (PUT /v1/groups/{id}/access)`,
    );
}

/** Refuses to take the role of administrator from the last people who have it and may sign in. */
export async function assertNotLast(
  tx: Transaction,
  tenantId: string,
  ...losing: readonly PersonState[]
): Promise<void> {
  const lost = losing.filter(({ active, roles }) => active && roles.includes('administrator'));
  if (lost.length === 0) return;
  // All of them are locked, in one order, so that two who take it from each other follow one another.
  const administrators = await tx.query<{ person_id: string }>(
    `SELECT person_id FROM lapse.people
     WHERE tenant_id = $1 AND active AND (state->'roles')::jsonb ? 'administrator'
     ORDER BY person_id FOR UPDATE`,
    [tenantId],
  );
  const ids = new Set(lost.map(({ person_id }) => person_id));
  if (administrators.some(({ person_id }) => !ids.has(person_id))) return;
  throw new DomainError(
    'wrong-state',
    `${lost[0]?.name} is the last administrator; give somebody else the role first`,
  );
}
