import { stateAt } from '../../src/domain/exception/catch-up.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import { IN_FORCE } from '../../src/domain/exception/status.ts';
import { type FoundStream, Mirror } from './mirror.ts';
import type { World } from './world.ts';

/** A record and the one that is to follow it. */
export interface Link {
  readonly renewal: FoundStream;
  readonly predecessor: FoundStream;
}

/** The renewals that are not ready yet, of records that are still in force. */
export function renewalsInTime({ mirror, clock, policy }: World): Link[] {
  return mirror.all.flatMap((renewal) => {
    const state = Mirror.stateOf(renewal);
    if (state.renews === undefined || isReady(state)) return [];
    if (!/Draft|Under-Review|Approved/.test(state.status)) return [];
    const predecessor = mirror.streams.get(state.renews);
    if (!predecessor) return [];
    const before = Mirror.stateOf(predecessor);
    const { status } = stateAt(before, Math.max(clock.now, before.updated_at), policy);
    return IN_FORCE.includes(status) ? [{ renewal, predecessor }] : [];
  });
}

/** Whether it is in force, or will be without anybody doing anything. */
export function isReady({ status, controls_confirmed }: ExceptionState): boolean {
  return IN_FORCE.includes(status) || (status === 'Approved' && controls_confirmed !== undefined);
}

/** Whether an approved renewal would go on from before what has happened to its predecessor last. */
export function hasLaterPredecessor(world: World): boolean {
  return renewalsInTime(world).some(({ renewal, predecessor }) => {
    const { status, updated_at: from } = Mirror.stateOf(renewal);
    const { updated_at: last } = Mirror.stateOf(predecessor);
    return status === 'Approved' && from < last && last <= world.clock.now;
  });
}
