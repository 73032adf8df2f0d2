import { isSamePerson, rolesOf } from '../access/actor.ts';
import type { DomainError } from '../errors.ts';
import { fits, requirementText } from '../policy/approval-progress.ts';
import type { Requirement } from '../policy/policy.ts';
import { formatInstant } from '../schedule/instant.ts';
import { type Capacity, capacitiesOf, type Obstacle, obstacleTo } from './approval-standing.ts';
import { awaitedRequirements } from './awaited-approvals.ts';
import type { ApprovalTerms } from './commands.ts';
import { type DecisionContext, refuse } from './decision.ts';
import type { ApprovalState, ExceptionState } from './state.ts';

/**
 * The requirement that an approval fills, and for whom where somebody acts for another; or why there
 * is none: nobody approves what they requested or wrote, nor twice, nor in a role that is not asked
 * for, nor before its step.
 */
export function filledRequirement(
  state: ExceptionState,
  open: ApprovalState,
  wanted: ApprovalTerms,
  context: DecisionContext,
) {
  const { actor } = context;
  const named = wanted.for;
  const all = capacitiesOf(actor, context);
  const capacities =
    named === undefined
      ? all
      : all.filter(({ person }) => isSamePerson(person, { id: named, email: named }));
  if (capacities.length === 0) return notDelegated(named ?? '', context);
  const lacking = awaitedRequirements(state);
  const isWanted = ({ role, consumer }: Requirement) =>
    (wanted.role === undefined || wanted.role === role) &&
    (wanted.consumer === undefined || wanted.consumer === consumer);
  let refusal: DomainError | undefined;
  for (const capacity of capacities) {
    const filled = lacking.find((each) => isWanted(each) && fits(each, capacity));
    const obstacle = obstacleTo(state, open, actor, capacity, filled?.role, context);
    if (filled && !obstacle) return filledBy(filled, capacity);
    if (obstacle) refusal ??= obstructed(obstacle, capacity);
  }
  if (refusal) return refusal;
  const as = wanted.role ?? rolesOf(actor).join(', ');
  const needs = lacking.map(requirementText).join(', ');
  return refuse('not-permitted', `an approval by ${as} is not asked for; it needs ${needs}`);
}

function filledBy({ role, consumer }: Requirement, { person, delegation }: Capacity) {
  const { id, name, email } = person;
  return {
    role,
    ...(consumer === undefined ? {} : { consumer }),
    ...(delegation && {
      on_behalf_of: {
        delegation_id: delegation.delegation_id,
        ...{ id, name },
        ...(email === undefined ? {} : { email }),
      },
    }),
  };
}

/** Somebody is named who has not, at this time, delegated anything. */
function notDelegated(named: string, { actor, now, people }: DecisionContext): DomainError {
  const planned = people?.delegations.find(
    ({ from, to }) => isSamePerson(from, { id: named, email: named }) && isSamePerson(to, actor),
  );
  const when =
    planned && planned.starts_at > now
      ? `the delegation (${planned.delegation_id}) begins at ${formatInstant(planned.starts_at)}`
      : 'a delegation has to be active: lapse delegations shows those there are';
  return refuse('not-permitted', `${named} has delegated no role to you at this time; ${when}`);
}

const OBSTACLES = {
  requestor: [
    'self-approval',
    'nobody approves what they requested or wrote; somebody else with the role has to decide',
  ],
  'requestors-delegate': [
    'self-approval',
    "a requestor's delegate is a requestor too, as is whoever a requestor acts for; somebody else with the role has to decide, or you once the delegation has ended",
  ],
  'already-approved': [
    'already-approved',
    'you have approved this already, or somebody has for you; one person fills one role, so somebody else has to decide',
  ],
  'same-role': [
    'already-approved',
    'somebody who acts for you, or whom you act for, has approved in this role already; the two of you count as one person in it, so somebody else has to decide',
  ],
} as const;

function obstructed(obstacle: Obstacle, { person, delegation }: Capacity): DomainError {
  const [code, message] = OBSTACLES[obstacle];
  if (!delegation) return refuse(code, message);
  const both = 'by themselves or through a delegate';
  const text =
    obstacle === 'already-approved'
      ? `you or ${person.name} have approved this already, ${both}; one person fills one role, so somebody else has to decide`
      : message;
  return refuse(code, `for ${person.name}: ${text}`);
}
