import { CLOCK, rolesOf } from '../access/actor.ts';
import type { DomainError } from '../errors.ts';
import { evaluatePolicy } from '../policy/evaluate.ts';
import type { Gate, Policy } from '../policy/policy.ts';
import { chainPlace } from './chain-place.ts';
import type { CommandType } from './commands.ts';
import { type DecisionContext, refuse } from './decision.ts';
import type { ExceptionState } from './state.ts';

/** The commands that a policy may reserve for roles. */
const GATES: Readonly<Partial<Record<CommandType, Gate>>> = {
  SubmitException: 'submit',
  ActivateException: 'activate',
  RevokeException: 'revoke',
  CloseException: 'close',
  ArchiveException: 'archive',
};

/** The roles that the policy reserves a command for; `undefined` where it is open to all. */
export function gateRoles(
  state: ExceptionState,
  type: CommandType,
  policy: Policy,
): readonly string[] | undefined {
  const gate = GATES[type];
  if (gate === undefined) return undefined;
  return evaluatePolicy(policy, state.fields, chainPlace(state)).gates[gate];
}

/** The phase gate that stands in the way: the policy reserves the transition for other roles. */
export function closedGate(
  state: ExceptionState,
  type: CommandType,
  { policy, actor }: DecisionContext,
): DomainError | undefined {
  // Gates say which people may. What follows of itself, as from strikes, is for none of them to stop.
  if (actor.id === CLOCK.id) return undefined;
  const roles = gateRoles(state, type, policy);
  if (!roles || rolesOf(actor).some((role) => roles.includes(role))) return undefined;
  const may = roles.length > 0 ? roles.join(', ') : 'nobody: its rules contradict one another';
  return refuse(
    'not-permitted',
    `the policy lets a ${rolesOf(actor).join(', ')} not ${GATES[type]} this exception; it takes ${may}`,
  );
}
