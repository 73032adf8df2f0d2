import { grantsOf } from '../../src/domain/enforcement/grant-spec.ts';
import { MINUTE } from '../../src/domain/schedule/instant.ts';
import type { Access } from './cloud-places.ts';
import { endOf, inForceNow, type Listed, listedFor, wordsOf } from './cloud-rules.ts';
import type { FoundGrant } from './grant-mirror.ts';
import type { Invariant } from './invariants.ts';
import { type FoundStream, Mirror } from './mirror.ts';
import { accessOf } from './simulated-cloud.ts';
import type { World } from './world.ts';

/** After so long past its end people have to know of what still stands. */
const TOLD_WITHIN = 15 * MINUTE;

/** Of what records allow in the cloud. What each call does is looked at when it is made (cloud-rules.ts). */
export const grantInvariants: readonly Invariant[] = [
  {
    name: 'nothing stands past its end of which nobody is told',
    from: 'rest',
    check: (world) => world.cloud.standing.flatMap((one) => untold(world, accessOf(one))),
  },
  {
    name: 'what is handed over has one that answers for it',
    from: 'commit',
    timeless: true,
    check: ({ mirror: { grants } }) =>
      grants.all.flatMap((grant) => [
        ...handedTo(grant)
          .filter((to) => !takenFrom(grants.find(to)).includes(grant.id))
          .map(() => `nobody takes over ${inWords(grant)}`),
        ...takenFrom(grant)
          .filter((from) => !handedTo(grants.find(from)).includes(grant.id))
          .map(() => `${inWords(grant)} is taken over from who still answers for it`),
        ...(handedTo(grant).length > 1 || isCalledAfter(grant)
          ? [`${inWords(grant)} is handed over, and gone on with`]
          : []),
      ]),
  },
  {
    name: 'nothing is Closed after Expired but with each grant as its end says',
    from: 'commit',
    check: ({ mirror }) => mirror.fresh.flatMap((stream) => confirmedWithout(mirror, stream)),
  },
];

function untold(world: World, access: Access): string[] {
  const listed = listedFor(world, access);
  if (listed.length === 0 || listed.some(({ record }) => inForceNow(world, record))) return [];
  // A person's word that it is gone ends all that Lapse does.
  if (listed.some(({ grant }) => grant?.state.attested)) return [];
  const { now } = world.clock;
  const open = listed.filter(({ grant }) => grant?.state.status !== 'removed');
  const late = open.filter(
    ({ record, grant }) => !isTold(grant) && now > endOf(record) + TOLD_WITHIN,
  );
  const problem = ({ name, grant }: Listed, why: string) =>
    `${name} (${grant?.state.status ?? 'unknown'}) has ended, and there is ${wordsOf(access)}: ${why}`;
  if (open.length > 0) return late.map((one) => problem(one, 'no task tells of it'));
  return putThereSince(world, access, listed)
    ? []
    : listed.slice(-1).map((one) => problem(one, 'it was never seen gone'));
}

function isTold(grant: FoundGrant | undefined): boolean {
  return grant?.state.task !== undefined && grant.state.task.ended === undefined;
}

/** Whether somebody else has put it there after Lapse could see that it was gone, of the last that ended. */
function putThereSince(world: World, access: Access, listed: readonly Listed[]): boolean {
  const { changes, absences } = world.cloud.historyOf(access);
  const put = changes.findLast(({ kind }) => kind === 'put');
  const planned = Math.max(...listed.map(({ grant }) => grant?.events[0]?.passed ?? 0));
  if (!put || put.byLapse) return false;
  return absences.some((at) => at >= planned && at <= put.at) || put.at < planned;
}

function handedTo({ events }: FoundGrant = NO_GRANT): string[] {
  return events.flatMap(({ event }) => (event.type === 'GrantHandedOver' ? [event.data.to] : []));
}

function takenFrom({ events }: FoundGrant = NO_GRANT): string[] {
  return events.flatMap(({ event }) => (event.type === 'GrantTakenOver' ? [event.data.from] : []));
}

const NO_GRANT = { events: [] } as unknown as FoundGrant;

function isCalledAfter({ events }: FoundGrant): boolean {
  const over = events.findIndex(({ event }) => event.type === 'GrantHandedOver');
  return over >= 0 && events.slice(over).some(({ event }) => event.type === 'CallBegun');
}

function inWords({ state }: FoundGrant): string {
  const { target, subject = '', permission = '' } = state.spec;
  return `a grant of ${wordsOf({ target, subject, permission })}`;
}

/** How a grant must stand that a record says is gone, by who said it. */
const SAID_BY = {
  cloud: 'GrantSeenGone',
  person: 'RemovalAttested',
  'handed-over': 'GrantHandedOver',
} as const;

function confirmedWithout({ grants }: Mirror, stream: FoundStream): string[] {
  const confirmed = stream.events.findLast(({ event }) => event.type === 'RemovalConfirmed')?.event;
  if (confirmed?.type !== 'RemovalConfirmed') return [];
  const ids = grantsOf(Mirror.stateOf(stream)).map(({ grantId }) => grantId);
  const named = confirmed.data.grants.map(({ grant_id }) => grant_id);
  const missing = ids.filter((id) => !named.includes(id));
  const unsaid = confirmed.data.grants.filter(
    ({ grant_id, said_by }) =>
      !grants.find(grant_id)?.events.some(({ event }) => event.type === SAID_BY[said_by]),
  );
  return [
    ...missing.map(() => `${stream.name} is confirmed without one of its grants`),
    ...unsaid.map(
      ({ said_by }) => `${stream.name} is confirmed by the ${said_by}, which never was`,
    ),
  ];
}
