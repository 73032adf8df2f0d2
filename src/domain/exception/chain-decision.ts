import { isSamePerson, rolesOf } from '../access/actor.ts';
import type { DomainError } from '../errors.ts';
import { canFill } from '../policy/approval-progress.ts';
import { addText } from '../policy/evaluate.ts';
import type { Policy } from '../policy/policy.ts';
import { formatInstant, type Instant, nextMonthStart } from '../schedule/instant.ts';
import { type Decider, refuse } from './decision.ts';
import type { ExceptionEvent } from './events.ts';
import type { ExceptionState } from './state.ts';
import { IN_FORCE } from './status.ts';

const SOURCE = '002, Exception Renewed Indefinitely';
const DECIDES = { role: 'executive-leadership', count: 1, rule: 'chains' };

/**
 * When a decision on a chain falls due that is activated at `since`: on the first of a month, once
 * it has more renewals than the policy lets pass; `undefined` where it has not.
 */
export function decisionDue(
  { renewal_number }: ExceptionState,
  since: Instant,
  { chains }: Policy,
): Instant | undefined {
  return renewal_number > chains.decide_beyond ? nextMonthStart(since) : undefined;
}

/** The demand that falls due: to decide within the policy's time. */
export function demand(due: Instant, { chains }: Policy): ExceptionEvent {
  const decide_by = addText(due, chains.decide_within);
  return {
    type: 'DecisionDemanded',
    data: { due: formatInstant(due), decide_by: formatInstant(decide_by) },
  };
}

/** Why the chain goes no further: nobody has decided in time. `undefined` where it may. */
export function undecidedRefusal(
  { exception_id, decision, status }: ExceptionState,
  now: Instant,
): DomainError | undefined {
  if (!decision || decision.rearchitecture || now < decision.decide_by) return undefined;
  const permanent = IN_FORCE.includes(status) ? 'an approved make-permanent, or ' : '';
  return refuse(
    'not-ready',
    `executive leadership had to decide by ${formatInstant(decision.decide_by)} whether ${exception_id} becomes permanent or is re-architected (${SOURCE}); ${permanent}require-rearchitecture by executive leadership would decide it`,
  );
}

/** Executive leadership decides that the workload is re-architected, and not made permanent. */
export const decideRearchitecture: Decider<'RequireRearchitecture'> = (
  state,
  { reason },
  { actor, policy },
) => {
  const { decision, decision_due } = state;
  if (!decision) {
    const when =
      decision_due === undefined
        ? `it is demanded on the first of a month, of chains with more than ${policy.chains.decide_beyond} renewals; this is renewal ${state.renewal_number}`
        : `it is demanded on ${formatInstant(decision_due)}`;
    return refuse('not-ready', `no decision is demanded of this chain: ${when} (${SOURCE})`);
  }
  if (decision.rearchitecture) {
    const { by, at } = decision.rearchitecture;
    return refuse('already-exists', `${by.name} has decided this at ${formatInstant(at)}`);
  }
  if (!canFill(DECIDES, actor, policy)) {
    return refuse(
      'not-permitted',
      `executive leadership decides this (${SOURCE}); your role is ${rolesOf(actor).join(', ')}`,
    );
  }
  const wrote = [...state.contributors, { email: state.fields.requestor?.email }];
  if (wrote.some((person) => isSamePerson(person, actor))) {
    return refuse(
      'self-approval',
      'nobody decides on what they requested or wrote; somebody else of executive leadership has to',
    );
  }
  return [{ type: 'RearchitectureRequired', data: { reason } }];
};
