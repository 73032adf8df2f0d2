import { stateAt } from '../../src/domain/exception/catch-up.ts';
import { IN_FORCE } from '../../src/domain/exception/status.ts';
import type { Invariant } from './invariants.ts';
import { type FoundStream, Mirror } from './mirror.ts';
import { isReady, type Link } from './renewals.ts';
import type { World } from './world.ts';

/** Of records that follow one another. */
export const chainInvariants: readonly Invariant[] = [
  {
    name: 'a chain counts its renewals one by one',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh.flatMap((stream) => {
        const { renews, renewal_number: number } = Mirror.stateOf(stream);
        if (renews === undefined) return number === 0 ? [] : [`${stream.name} is ${number}`];
        const predecessor = mirror.streams.get(renews);
        const before = predecessor && Mirror.stateOf(predecessor).renewal_number;
        return before === number - 1
          ? []
          : [`${stream.name} is renewal ${number} of ${predecessor?.name}, which is ${before}`];
      }),
  },
  {
    name: 'nobody is handed over to who cannot take over',
    from: 'commit',
    check: (world) =>
      freshLinks(world).flatMap(({ renewal, predecessor }) => {
        const before = Mirror.stateOf(predecessor);
        if (before.renewed_by?.exception_id !== renewal.id) return [];
        if (!IN_FORCE.includes(before.status) && before.closed?.reason !== 'renewed') return [];
        const after = Mirror.stateOf(renewal);
        return isReady(after) || after.activated_at !== undefined
          ? []
          : [`${predecessor.name} counts on ${renewal.name}, which is ${after.status}`];
      }),
  },
  {
    name: 'whoever is ready in time takes over',
    from: 'commit',
    check: (world) =>
      freshLinks(world).flatMap(({ renewal, predecessor }) => {
        if (renewal.fresh === 0 || !hasJustBecomeReady(renewal)) return [];
        const before = Mirror.stateOf(predecessor);
        const { expires_at = 0 } = Mirror.stateOf(renewal);
        const at = renewal.events.at(-1)?.at ?? 0;
        // Whatever has happened to it later may have changed what was in time then.
        if (before.updated_at > at || before.renewed_by) return [];
        const { status, expires_at: end = 0 } = stateAt(before, at, world.policy);
        return IN_FORCE.includes(status) && expires_at > end
          ? [`${predecessor.name} is ${status}, and does not know of ${renewal.name}`]
          : [];
      }),
  },
  {
    name: 'between a record and its renewal there is no gap',
    from: 'rest',
    check: ({ mirror }) =>
      mirror.all.flatMap((predecessor) => {
        const { closed, renewed_by, expires_at = 0 } = Mirror.stateOf(predecessor);
        if (closed?.reason !== 'renewed') return [];
        const renewal = mirror.streams.get(renewed_by?.exception_id ?? '');
        const from = renewal && Mirror.stateOf(renewal).activated_at;
        return from !== undefined && from <= expires_at
          ? []
          : [`${predecessor.name} ended at ${expires_at}, and ${renewal?.name} began at ${from}`];
      }),
  },
];

/** The renewals of which the last reading has brought something, or of their predecessors. */
function freshLinks({ mirror }: World): Link[] {
  return mirror.all.flatMap((renewal) => {
    const predecessor = mirror.streams.get(Mirror.stateOf(renewal).renews ?? '');
    return predecessor && renewal.fresh + predecessor.fresh > 0 ? [{ renewal, predecessor }] : [];
  });
}

/** Somebody has brought it about with the last event, and not time. */
function hasJustBecomeReady({ states, events }: FoundStream): boolean {
  const [before, after] = states.slice(-2);
  if (events.at(-1)?.intent === undefined || !before || !after) return false;
  return !isReady(before) && isReady(after);
}
