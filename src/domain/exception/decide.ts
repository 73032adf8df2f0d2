import { CLOCK, rolesOf } from '../access/actor.ts';
import type { DomainError } from '../errors.ts';
import { evaluatePolicy } from '../policy/evaluate.ts';
import type { Gate } from '../policy/policy.ts';
import { decideRearchitecture } from './chain-decision.ts';
import { chainPlace } from './chain-place.ts';
import type { CommandType, ExceptionCommand } from './commands.ts';
import { decideExtension, decidePermanence, decideReview } from './decide-change.ts';
import { decideDraft, decideEdit, decideSubmit } from './decide-draft.ts';
import {
  decideActivate,
  decideArchive,
  decideClose,
  decideEvidence,
  decideLinkRenewal,
  decideRevoke,
  decideUnlinkRenewal,
  decideViolation,
  decideWithdraw,
} from './decide-end.ts';
import { decideApprove, decideReject, decideRequestChanges } from './decide-review.ts';
import { decideReassess } from './decide-risk.ts';
import { type Decider, type Decision, type DecisionContext, refuse } from './decision.ts';
import { reasonRefusal } from './reasons.ts';
import { decideConfirmRemoval } from './removal.ts';
import type { ExceptionState } from './state.ts';
import { IN_FORCE, OPEN, STATUSES, type Status } from './status.ts';

type CreatingCommand = 'DraftException' | 'DraftRenewal';
type Handled = Exclude<CommandType, CreatingCommand>;

/**
 * The state x command table: where each command is possible. What is not listed is refused with the
 * statuses in which it would pass. A test walks every pair, so a new status or command fails until
 * it is decided here.
 */
export const POSSIBLE_IN: Readonly<Record<Handled, readonly Status[]>> = {
  EditException: STATUSES.filter((status) => status !== 'Closed' && status !== 'Archived'),
  SubmitException: ['Draft'],
  RequestChanges: ['Under-Review'],
  WithdrawException: ['Draft', 'Under-Review', 'Approved'],
  // Also where the review of an emergency is owed.
  ApproveException: ['Under-Review', 'Approved', ...OPEN],
  RejectException: ['Under-Review', 'Approved', ...OPEN],
  ActivateException: ['Approved'],
  RequestExtension: ['Active', 'Expiring', 'Extended'],
  RequestPermanence: IN_FORCE,
  CompleteReview: ['Active', 'Expiring'],
  ReassessRisk: IN_FORCE,
  // Also of what is over: its chain can be renewed, unless this was never decided.
  RequireRearchitecture: [...OPEN, 'Closed', 'Archived'],
  LinkRenewal: OPEN,
  UnlinkRenewal: OPEN,
  RevokeException: ['Approved', ...IN_FORCE],
  CloseException: OPEN,
  ConfirmRemoval: ['Expired'],
  ArchiveException: ['Closed'],
  AddEvidence: STATUSES.filter((status) => status !== 'Archived'),
  RecordViolation: [...OPEN, 'Closed'],
};

const DECIDERS: { readonly [Type in Handled]: Decider<Type> } = {
  EditException: decideEdit,
  SubmitException: decideSubmit,
  RequestChanges: decideRequestChanges,
  WithdrawException: decideWithdraw,
  ApproveException: decideApprove,
  RejectException: decideReject,
  ActivateException: decideActivate,
  RequestExtension: decideExtension,
  RequestPermanence: decidePermanence,
  CompleteReview: decideReview,
  ReassessRisk: decideReassess,
  RequireRearchitecture: decideRearchitecture,
  LinkRenewal: decideLinkRenewal,
  UnlinkRenewal: decideUnlinkRenewal,
  RevokeException: decideRevoke,
  CloseException: decideClose,
  ConfirmRemoval: decideConfirmRemoval,
  ArchiveException: decideArchive,
  AddEvidence: decideEvidence,
  RecordViolation: decideViolation,
};

/** The commands that a policy may reserve for roles. */
const GATES: Readonly<Partial<Record<CommandType, Gate>>> = {
  SubmitException: 'submit',
  ActivateException: 'activate',
  RevokeException: 'revoke',
  CloseException: 'close',
  ArchiveException: 'archive',
};

/**
 * The events that follow from a command, or the refusal. The record must have been advanced to
 * `context.now` before (`advance.ts`), so that a late sweep cannot permit anything.
 */
export function decide(
  state: ExceptionState | undefined,
  command: ExceptionCommand,
  context: DecisionContext,
): Decision {
  if (command.type === 'DraftException' || command.type === 'DraftRenewal') {
    return state
      ? refuse('already-exists', `${state.exception_id} exists already`)
      : decideDraft(command, context);
  }
  if (!state) return refuse('not-found', 'there is no such exception');
  const possible = POSSIBLE_IN[command.type];
  if (!possible.includes(state.status)) {
    const verb = command.type.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
    const passes = `it is possible while ${possible.join(', ')}`;
    return refuse('wrong-state', `cannot ${verb}: the exception is ${state.status}; ${passes}`);
  }
  const refusal =
    closedGate(state, command.type, context) ?? reasonRefusal(command, context.policy);
  if (refusal) return refusal;
  return (DECIDERS[command.type] as Decider<Handled>)(state, command as never, context);
}

/** The phase gate that stands in the way: the policy reserves the transition for other roles. */
function closedGate(
  state: ExceptionState,
  type: CommandType,
  { policy, actor }: DecisionContext,
): DomainError | undefined {
  const gate = GATES[type];
  // Gates say which people may. What follows of itself, as from strikes, is for none of them to stop.
  if (gate === undefined || actor.id === CLOCK.id) return undefined;
  const roles = evaluatePolicy(policy, state.fields, chainPlace(state)).gates[gate];
  if (!roles || rolesOf(actor).some((role) => roles.includes(role))) return undefined;
  const may = roles.length > 0 ? roles.join(', ') : 'nobody: its rules contradict one another';
  return refuse(
    'not-permitted',
    `the policy lets a ${rolesOf(actor).join(', ')} not ${gate} this exception; it takes ${may}`,
  );
}
