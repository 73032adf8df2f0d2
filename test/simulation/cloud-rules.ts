import type { GrantEvent } from '../../src/domain/enforcement/grant-events.ts';
import { grantKey, grantsOf } from '../../src/domain/enforcement/grant-spec.ts';
import { isInForce } from '../../src/domain/exception/advance.ts';
import { stateAt } from '../../src/domain/exception/catch-up.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import { type Access, keyOfAccess } from './cloud-places.ts';
import type { FoundGrant } from './grant-mirror.ts';
import { type FoundStream, Mirror } from './mirror.ts';
import type { CloudChange } from './simulated-cloud.ts';
import type { World } from './world.ts';

/** How long a call that began in time may be under way, in milliseconds. */
const UNDER_WAY = 30_000;

/** A grant that a record lists which was in force, and its stream where it has one already. */
export interface Listed {
  readonly name: string;
  readonly stream: FoundStream;
  readonly record: ExceptionState;
  readonly grantId: string;
  readonly grant: FoundGrant | undefined;
}

/** Every grant that gives an access, of records that were in force. */
export function listedFor(world: World, access: Access): Listed[] {
  const { mirror, cloud } = world;
  const key = keyOfAccess(access);
  const { tenantId } = cloud.tenantOf(access.target);
  return mirror.all
    .filter((stream) => stream.tenantId === tenantId)
    .flatMap((stream) => {
      const record = recordNow(world, stream);
      return grantsOf(record).flatMap(({ grantId, spec }, index) =>
        grantKey(spec) === key
          ? [
              {
                name: `${stream.name}, grant ${index + 1}`,
                ...{ stream, record, grantId, grant: mirror.grants.find(grantId) },
              },
            ]
          : [],
      );
    });
}

/** A record as it stands at the simulation's time. */
function recordNow({ clock, policy }: World, stream: FoundStream): ExceptionState {
  const state = Mirror.stateOf(stream);
  return stateAt(state, Math.max(clock.now, state.updated_at), policy);
}

/** Whether a record is in force at the simulation's time. */
export function inForceNow({ clock }: World, record: ExceptionState): boolean {
  return isInForce(record, Math.max(clock.now, record.updated_at));
}

/** When what a record allows was over. */
export function endOf({ ended, closed, expires_at }: ExceptionState): number {
  return ended?.at ?? closed?.at ?? expires_at ?? 0;
}

/** What is wrong with a call of Lapse that is about to leave. */
export function wrongRequest(world: World, method: string, access: Access): string[] {
  const { cloud, clock } = world;
  const listed = listedFor(world, access);
  const words = wordsOf(access);
  if (method === 'DELETE') return [];
  const problems: string[] = [];
  if (cloud.historyOf(access).puts >= begun(listed, 'apply'))
    problems.push(`a call of Lapse has no event CallBegun: PUT ${words}`);
  const mayBePut = listed.some(
    ({ record }) => inForceNow(world, record) || endOf(record) > clock.now - UNDER_WAY,
  );
  if (!mayBePut) problems.push(`Lapse puts in place what has ended: ${words}`);
  return problems;
}

/** What is wrong with what Lapse has changed in the cloud just now. */
export function wrongChange(world: World, access: Access): string[] {
  const { changes, takings } = world.cloud.historyOf(access);
  const change = changes.at(-1);
  const listed = listedFor(world, access);
  const words = wordsOf(access);
  if (change?.kind === 'put') return putTwice(changes, words);
  if (listed.length === 0) return [`Lapse takes away what no record lists: ${words}`];
  const problems: string[] = [];
  if (takings > begun(listed, 'remove'))
    problems.push(`a call of Lapse has no event CallBegun: DELETE ${words}`);
  if (listed.every(({ record }) => inForceNow(world, record)))
    problems.push(`Lapse takes away what is in force: ${words}`);
  const since = Math.max(...listed.map(({ grant }) => lastBegun(grant, 'remove')));
  const others = listed.filter(
    ({ record, grant }) =>
      inForceNow(world, record) && (grant?.events[0]?.reading ?? Infinity) < since,
  );
  problems.push(
    ...others.map(({ name }) => `Lapse takes away what ${name} still allows: ${words}`),
  );
  return problems;
}

/** Of one grant it is put in place once, unless somebody else has taken it away since. */
function putTwice(changes: readonly CloudChange[], words: string): string[] {
  const last = changes.at(-1);
  const before = changes
    .slice(0, -1)
    .findLastIndex(({ kind, byLapse, mark }) => kind === 'put' && byLapse && mark === last?.mark);
  if (before < 0) return [];
  const between = changes.slice(before + 1, -1);
  return between.some(({ byLapse }) => !byLapse)
    ? []
    : [`Lapse puts in place twice for one grant: ${words}`];
}

function begun(listed: readonly Listed[], operation: 'apply' | 'remove'): number {
  return listed
    .flatMap(({ grant }) => grant?.events ?? [])
    .filter(({ event }) => isBegun(event, operation)).length;
}

function lastBegun(grant: FoundGrant | undefined, operation: 'apply' | 'remove'): number {
  return grant?.events.findLast(({ event }) => isBegun(event, operation))?.reading ?? -1;
}

function isBegun(event: GrantEvent, operation: 'apply' | 'remove'): boolean {
  return event.type === 'CallBegun' && event.data.operation === operation;
}

/** An access in words. */
export function wordsOf({ target, subject, permission }: Access): string {
  return `${permission.split('/').at(-1)?.slice(0, 8)} for ${subject.slice(0, 8)} at ${target}`;
}
