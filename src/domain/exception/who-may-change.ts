import { type Actor, isSamePerson, rolesOf } from '../access/actor.ts';
import { isPermitted } from '../access/permissions.ts';
import { activeDelegations } from '../delegation/people.ts';
import type { DomainError } from '../errors.ts';
import type { CommandType } from './commands.ts';
import { type DecisionContext, refuse } from './decision.ts';
import { gateRoles } from './phase-gates.ts';
import type { ActorReference, ExceptionState } from './state.ts';

/**
 * Who may give a command on a record (ADR 0041): those concerned with it alone, besides them whoever
 * decides on records, or everybody whom its route lets in.
 */
const OPEN_TO: Readonly<Record<CommandType, 'concerned' | 'deciders' | 'everybody'>> = {
  // Nobody's yet.
  DraftException: 'everybody',
  // Asked of the record that is renewed.
  DraftRenewal: 'concerned',
  EditException: 'concerned',
  SubmitException: 'concerned',
  WithdrawException: 'concerned',
  ActivateException: 'concerned',
  RequestExtension: 'concerned',
  RequestPermanence: 'concerned',
  CompleteReview: 'concerned',
  CloseException: 'concerned',
  ArchiveException: 'concerned',
  AddEvidence: 'concerned',
  // Lapse alone gives it.
  ConfirmRemoval: 'concerned',
  // Whoever is asked whether a risk may be taken may also say that it has risen, and end it.
  ReassessRisk: 'deciders',
  RevokeException: 'deciders',
  // Decisions have rules of their own about who may.
  RequestChanges: 'everybody',
  ApproveException: 'everybody',
  RejectException: 'everybody',
  RequireRearchitecture: 'everybody',
  // These follow from a command on the renewal.
  LinkRenewal: 'everybody',
  UnlinkRenewal: 'everybody',
  RecordViolation: 'everybody',
};

/** The roles that look after every record of their tenant. */
const LOOKS_AFTER_ALL: readonly Actor['role'][] = ['administrator', 'platform-lead', 'system'];

type Asker = Pick<DecisionContext, 'actor' | 'policy' | 'people' | 'now'>;

/**
 * Why somebody may not give a command, since the record is not theirs; `undefined` where they may. Without
 * `people` nobody acts for anybody.
 */
export function strangerRefusal(
  state: ExceptionState,
  type: CommandType,
  asker: Asker,
): DomainError | undefined {
  const { actor, policy } = asker;
  if (policy.changes_by === 'anyone' || OPEN_TO[type] === 'everybody') return undefined;
  if (rolesOf(actor).some((role) => LOOKS_AFTER_ALL.includes(role))) return undefined;
  if (OPEN_TO[type] === 'deciders' && decides(actor)) return undefined;
  if (isConcerned(state, asker)) return undefined;
  const gate = gateRoles(state, type, policy)?.filter((role) => role !== 'requestor') ?? [];
  if (rolesOf(actor).some((role) => gate.includes(role))) return undefined;
  const roles = [
    ...(OPEN_TO[type] === 'deciders' ? ['approver'] : []),
    ...new Set([...gate, 'platform-lead', 'administrator']),
  ];
  return refuse(
    'not-concerned',
    `the record is not yours: it takes ${namesOf(state)}, who acts for one of them, or a role of ${roles.join(', ')} (policy, changes_by: those-concerned; ADR 0041). Ask one of them; a comment is open to you`,
  );
}

/** Whether a record is somebody's own, or of somebody whom they act for: they drafted it, ask for it or own it. */
function isConcerned(state: ExceptionState, { actor, people, now }: Asker): boolean {
  const concerned = concernedIn(state);
  const isOneOf = (person: PersonLike) => concerned.some((one) => isSamePerson(one, person));
  if (isOneOf(actor)) return true;
  if (!people) return false;
  return activeDelegations(people, now).some(
    ({ from, to }) => isSamePerson(to, actor) && isOneOf(from),
  );
}

/** A name tells nobody from somebody else of that name, so that people count by address. */
function concernedIn({ created_by, fields }: ExceptionState): PersonLike[] {
  const named = [fields.requestor, ...(fields.owners ?? [])];
  return [created_by, ...named.map((person) => ({ email: person?.email }))];
}

function namesOf({ created_by, fields: { requestor, owners = [] } }: ExceptionState): string {
  const named = [...(requestor ? [requestor] : []), ...owners].map(({ name, email }) =>
    email === undefined
      ? `${name} (named without an address, by which alone people are recognised)`
      : name,
  );
  return [...new Set([...named, created_by.name])].join(', ');
}

function decides(actor: Actor): boolean {
  return rolesOf(actor).some((role) => role !== 'system' && isPermitted(role, 'exception:approve'));
}

type PersonLike = { readonly [Part in keyof ActorReference]?: ActorReference[Part] | undefined };
