import { isSamePerson } from '../../src/domain/access/actor.ts';
import { endOf } from '../../src/domain/delegation/delegation.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import type { ActorReference, Approval, ExceptionState } from '../../src/domain/exception/state.ts';
import type { Invariant } from './invariants.ts';
import type { FoundDelegation, FoundStream, Mirror } from './mirror.ts';

type ApprovalEvent = Extract<ExceptionEvent, { data: { on_behalf_of?: unknown } }>;
type PersonLike = Partial<ActorReference>;

/** An approval, and the record just before and after it. */
interface Given {
  readonly stream: FoundStream;
  readonly version: number;
  readonly at: number;
  readonly intent: number | undefined;
  readonly approval: Approval;
  readonly before: ExceptionState;
  /** What had been approved of the same already. */
  readonly earlier: readonly Approval[];
}

/** Of who approves, by themselves or for somebody else. */
export const approvalInvariants: readonly Invariant[] = [
  {
    name: 'nobody approves what they requested, nor does whoever acts for them',
    from: 'commit',
    check: ({ mirror }) =>
      freshApprovals(mirror).flatMap((given) => {
        const requestors = requestorsOf(given.before);
        const standing = standingFor(mirror, given);
        const wrong = involvedIn(given.approval).filter((one) =>
          requestors.some(
            (requestor) =>
              isSamePerson(one, requestor) ||
              standing.some(({ delegation: { from, to } }) =>
                [from, to].every(
                  (side) => isSamePerson(side, one) || isSamePerson(side, requestor),
                ),
              ),
          ),
        );
        return wrong.map(({ name }) => `${name} approved ${wordsOf(given)}`);
      }),
  },
  {
    name: 'one person fills one role, by themselves or through a delegate',
    from: 'commit',
    check: ({ mirror }) =>
      freshApprovals(mirror).flatMap((given) => {
        const before = given.earlier.flatMap(involvedIn);
        return involvedIn(given.approval)
          .filter((one) => before.some((other) => isSamePerson(one, other)))
          .map(({ name }) => `${name} approved ${wordsOf(given)} before`);
      }),
  },
  {
    name: 'whoever acts for another has a delegation at that time',
    from: 'commit',
    check: ({ mirror }) =>
      freshApprovals(mirror).flatMap((given) => {
        const { on_behalf_of: person, by } = given.approval;
        if (!person) return [];
        const found = standingFor(mirror, given, true).some(
          ({ delegation: { delegation_id, from, to } }) =>
            delegation_id === person.delegation_id &&
            isSamePerson(from, person) &&
            isSamePerson(to, by),
        );
        return found ? [] : [`${by.name} approved ${wordsOf(given)} for ${person.name}`];
      }),
  },
];

function freshApprovals(mirror: Mirror): Given[] {
  return mirror.fresh.flatMap((stream) =>
    stream.events.slice(-stream.fresh).flatMap(({ event, version, at, intent }) => {
      const [before, after] = [stream.states[version - 2], stream.states[version - 1]];
      if (!isApproval(event) || !before || !after) return [];
      const ofRequest = event.type === 'ApprovalGiven';
      const earlier = ofRequest ? before.approvals : waitingApprovals(before);
      const all = ofRequest ? after.approvals : waitingApprovals(after);
      const approval = all.at(-1);
      return approval ? [{ stream, version, at, intent, approval, before, earlier }] : [];
    }),
  );
}

/** Of a review that is owed, or of a change; both are at one record at no time. */
function waitingApprovals({ owed, pending_change }: ExceptionState): readonly Approval[] {
  return (owed ?? pending_change)?.approvals ?? [];
}

function isApproval({ type }: ExceptionEvent): boolean {
  const types: readonly ApprovalEvent['type'][] = [
    'ApprovalGiven',
    'ExtensionApprovalGiven',
    'ChangeApprovalGiven',
  ];
  return (types as readonly string[]).includes(type);
}

/**
 * The delegations that an approval had to reckon with, or could go by: what was committed while it was
 * under way it may have seen or not.
 */
function standingFor(mirror: Mirror, { stream, at, intent = 0 }: Given, inDoubtToo = false) {
  const isInDoubt = ({ beside }: FoundDelegation) => beside.has(intent);
  return mirror.delegationsOf(stream.tenantId).filter((found) => {
    const { delegation } = found;
    if (isInDoubt(found)) return inDoubtToo && delegation.starts_at <= at;
    return delegation.starts_at <= at && at < endOf(delegation);
  });
}

function involvedIn({ by, on_behalf_of }: Approval): ActorReference[] {
  return on_behalf_of ? [by, on_behalf_of] : [by];
}

/** Written out a second time: whoever wrote it, for whom it is, and who asks for a change. */
function requestorsOf(state: ExceptionState): PersonLike[] {
  const { contributors, fields, owed, pending_change } = state;
  const { email } = fields.requestor ?? {};
  const asked = owed ?? pending_change;
  return [
    ...contributors,
    ...(email === undefined ? [] : [{ email }]),
    ...(asked ? [asked.requested_by] : []),
  ];
}

function wordsOf({ stream, version }: Given): string {
  return `${stream.name} in version ${version}`;
}
