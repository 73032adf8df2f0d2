import { type Actor, isSamePerson, rolesOf } from '../access/actor.ts';
import { isPermitted } from '../access/permissions.ts';
import { DomainError, type ErrorCode } from '../errors.ts';
import { actorReference } from '../exception/event-reading.ts';
import { rolesToFill } from '../policy/approval-progress.ts';
import type { Policy } from '../policy/policy.ts';
import { addDuration, type Duration } from '../schedule/duration.ts';
import { DAY, formatInstant, type Instant } from '../schedule/instant.ts';
import {
  type Delegation,
  type DelegationEvent,
  delegationState,
  endOf,
  isPartyOf,
} from './delegation.ts';
import type { People } from './people.ts';

/**
 * What somebody wants to hand over: to whom (an e-mail address or the id of a token), from when, and
 * until when: an instant, or so long after its start.
 */
export interface DelegationRequest {
  readonly to: string;
  readonly until: Instant | Duration;
  /** At once, when left out. */
  readonly from?: Instant | undefined;
  /** The roles in which whoever delegates approves, when left out. */
  readonly roles?: readonly string[] | undefined;
  readonly reason: string;
}

interface Context {
  readonly now: Instant;
  /** Whose roles are handed over, or who ends a delegation. */
  readonly actor: Actor;
  readonly policy: Policy;
  readonly people: People;
}

/** No delegation lasts longer: who is away for good hands the role over by a token. */
const LONGEST_DAYS = 90;
const FURTHEST_DAYS = 366;

/**
 * A delegation, or why there is none: to oneself, to somebody who cannot approve, of a role that one
 * has not, so that people would act for one another in a circle, or for too long.
 */
export function decideDelegation(
  wanted: DelegationRequest,
  context: Context,
): DelegationEvent | DomainError {
  const { now, actor, people } = context;
  const starts_at = Math.max(wanted.from ?? now, now);
  const { reason } = wanted;
  const until =
    typeof wanted.until === 'number' ? wanted.until : addDuration(starts_at, wanted.until);
  const time = timeRefusal(wanted, starts_at, until, now);
  if (time) return time;
  const named = { id: wanted.to, email: wanted.to };
  if (isSamePerson(actor, named)) return refuse('to', 'is yourself; nobody delegates to oneself');
  const delegate = people.approvers.find((approver) => isSamePerson(approver, named));
  if (!delegate) {
    const passes = `the e-mail address or the id of a token that may approve would pass`;
    return refuse('to', `is nobody who can approve: ${passes} (lapse token create)`);
  }
  if (isSamePerson(actor, delegate))
    return refuse('to', 'is yourself; nobody delegates to oneself');
  const roles = [...new Set(wanted.roles ?? rolesOf(actor).filter(mayApprove))];
  const refusal =
    rolesRefusal(roles, context) ?? circleRefusal(delegate, { starts_at, until }, context);
  if (refusal) return refusal;
  const times = { starts_at: formatInstant(starts_at), until: formatInstant(until) };
  return {
    type: 'RolesDelegated',
    data: { to: actorReference(delegate), roles, ...times, reason },
  };
}

/** The early end of a delegation, by either side or an administrator. */
export function decideDelegationEnd(
  delegation: Delegation,
  reason: string | undefined,
  { now, actor }: Pick<Context, 'now' | 'actor'>,
): DelegationEvent | DomainError {
  if (!rolesOf(actor).includes('administrator') && !isPartyOf(delegation, actor)) {
    return new DomainError(
      'not-permitted',
      'only who gave a delegation, who has it, or an administrator ends it',
    );
  }
  if (delegationState(delegation, now) === 'ended') {
    return new DomainError('wrong-state', `it has ended at ${formatInstant(endOf(delegation))}`);
  }
  return { type: 'DelegationEnded', data: reason === undefined ? {} : { reason } };
}

/** What one may hand over by default: the roles in which one approves, and not those one works in. */
function mayApprove(role: Actor['role']): boolean {
  return role !== 'system' && isPermitted(role, 'exception:approve');
}

function timeRefusal(
  { from, until: wanted }: DelegationRequest,
  start: Instant,
  until: Instant,
  now: Instant,
) {
  if (from !== undefined && from > now + FURTHEST_DAYS * DAY)
    return refuse(
      'from',
      `lies more than a year ahead; up to ${at(now + FURTHEST_DAYS * DAY)} would pass`,
    );
  if (until > start && until <= start + LONGEST_DAYS * DAY) return undefined;
  const passes = `an end after ${at(start)} and up to ${at(start + LONGEST_DAYS * DAY)} would pass`;
  const field = typeof wanted === 'number' ? 'until' : 'requested_duration';
  return until <= start
    ? refuse(field, `does not lie after its start; ${passes}`)
    : refuse(field, `is more than ${LONGEST_DAYS} days after its start; ${passes}`);
}

/** Nobody hands over what they have not; what was delegated to them is not theirs to hand on. */
function rolesRefusal(roles: readonly string[], { actor, policy, people, now }: Context) {
  const own = rolesToFill(policy, actor);
  const foreign = roles.find((role) => !own.includes(role));
  if (foreign === undefined) return undefined;
  const handedOn = people.delegations.find(
    (one) =>
      isSamePerson(one.to, actor) &&
      delegationState(one, now) !== 'ended' &&
      one.roles.includes(foreign),
  );
  const passes = `what would pass: ${own.join(', ')}`;
  return handedOn
    ? refuse(
        'roles',
        `holds ${foreign}, which ${handedOn.from.name} has delegated to you; a delegation is not handed on; ${passes}`,
      )
    : refuse('roles', `holds ${foreign}, which you have not; ${passes}`);
}

/** Whoever acts for another must not, over any number of people, be acted for by them. */
function circleRefusal(
  delegate: Actor,
  { starts_at, until }: Pick<Delegation, 'starts_at' | 'until'>,
  { actor, people }: Context,
) {
  const meanwhile = people.delegations.filter(
    (one) => one.starts_at < until && starts_at < endOf(one),
  );
  const reached: Delegation['to'][] = [delegate];
  for (const person of reached) {
    for (const { from, to, delegation_id } of meanwhile) {
      if (!isSamePerson(from, person)) continue;
      if (isSamePerson(to, actor)) {
        const over = isSamePerson(from, delegate) ? '' : `, over ${from.name}`;
        return refuse(
          'to',
          `is ${delegate.name}, for whom you act in a part of that time${over} (${delegation_id}); two people who act for each other are one pair of eyes; end that one first, or delegate to somebody else`,
          'conflict',
        );
      }
      if (!reached.some((known) => isSamePerson(known, to))) reached.push(to);
    }
  }
  return undefined;
}

function at(instant: Instant): string {
  return formatInstant(instant);
}

function refuse(path: string, message: string, code: ErrorCode = 'invalid-request'): DomainError {
  return new DomainError(code, `${path} ${message}`, [{ path, message }]);
}
