import { isInForce } from '../../src/domain/exception/advance.ts';
import { stateAt } from '../../src/domain/exception/catch-up.ts';
import { IN_FORCE, OPEN, STATUSES, type Status } from '../../src/domain/exception/status.ts';
import { parseInstant } from '../../src/domain/schedule/instant.ts';
import { counted, recount } from '../../src/features/exceptions/exception-counts.fixture.ts';
import type { ExceptionFilter } from '../../src/features/exceptions/exception-filter.ts';
import { fully } from '../support/fully.ts';
import type { Invariant } from './invariants.ts';
import { type FoundStream, Mirror } from './mirror.ts';
import { simulatedDatabase } from './simulated-database.ts';
import type { World } from './world.ts';

/** Of what reads show, at the time of the read. */
export const readInvariants: readonly Invariant[] = [
  {
    name: 'nothing is in force past its end',
    from: 'commit',
    check: async (world) => {
      const items = await Promise.all(
        world.tenants.map((tenant) => listed(world, tenant, { status: IN_FORCE })),
      );
      return items.flat().flatMap(({ exception_id, status, updated_at }) => {
        const stream = world.mirror.streams.get(exception_id);
        const now = Math.max(world.clock.now, updated_at);
        if (!stream) return ['a record without events is listed'];
        const end = endOf(stream);
        return now < end ? [] : [`${stream.name} is listed as ${status} ${now - end} ms after it`];
      });
    },
  },
  {
    name: 'a record is read as it stands now',
    from: 'disturbance',
    check: async (world) => {
      const streams = world.mirror.all.filter((stream) =>
        OPEN.includes(Mirror.stateOf(stream).status),
      );
      const read = await Promise.all(
        streams.map(({ tenantId, id }) => world.views.get(fully(tenantId), id)),
      );
      return streams.flatMap((stream, index) => {
        const { state, now } = read[index] as (typeof read)[number];
        const expected = statusNow(world, stream);
        if (state.status !== expected)
          return [`${stream.name} is ${state.status}, not ${expected}`];
        if (isInForce(state, now) && now >= endOf(stream)) return [`${stream.name} is in force`];
        return [];
      });
    },
  },
  {
    name: 'each filter lists what its states say',
    from: 'disturbance',
    check: async (world) => {
      const filters: readonly (readonly [string, ExceptionFilter, (status: Status) => boolean])[] =
        [
          ...STATUSES.map(
            (status) => [status, { status: [status] }, (s: Status) => s === status] as const,
          ),
          ['open', { open: true }, (status) => OPEN.includes(status)],
          ['not open', { open: false }, (status) => !OPEN.includes(status)],
          ['overdue', { overdue: true }, (status) => status === 'Expired'],
        ];
      const problems = world.tenants.flatMap((tenant) => {
        const streams = world.mirror.all.filter(({ tenantId }) => tenantId === tenant);
        return filters.map(async ([name, filter, holds]) => {
          const items = await listed(world, tenant, filter);
          const found = items.map(
            ({ exception_id }) => world.mirror.streams.get(exception_id)?.name,
          );
          const expected = streams.filter((stream) => holds(statusNow(world, stream)));
          const missing = expected.filter((stream) => !found.includes(stream.name));
          const stray = found.filter((each) => !expected.some((stream) => stream.name === each));
          return [
            ...missing.map((stream) => `${name} leaves out ${stream.name}`),
            ...stray.map((each) => `${name} lists ${each}`),
          ];
        });
      });
      return (await Promise.all(problems)).flat();
    },
  },
  {
    name: 'counters are what counting gives',
    from: 'disturbance',
    check: async (world) => {
      const { tenants, mirror, clock, policy } = world;
      const db = simulatedDatabase(world);
      const problems = tenants.map(async (tenant) => {
        const streams = mirror.all.filter(({ tenantId }) => tenantId === tenant);
        const states = streams.map((stream) => {
          const state = Mirror.stateOf(stream);
          return stateAt(state, Math.max(clock.now, state.updated_at), policy);
        });
        const expected = recount(states, clock.now);
        const kept = await db.inTenant(fully(tenant), (tx) => counted(tx, tenant));
        return [...new Set([...Object.keys(expected), ...Object.keys(kept)])]
          .filter((part) => expected[part] !== kept[part])
          .map((part) => `${part}: ${kept[part] ?? 0} instead of ${expected[part] ?? 0}`);
      });
      return (await Promise.all(problems)).flat();
    },
  },
  {
    name: 'nothing that is due is left undone',
    from: 'rest',
    check: (world) =>
      world.mirror.all
        .filter((stream) => statusNow(world, stream) !== Mirror.stateOf(stream).status)
        .map((stream) => `${stream.name} is still ${Mirror.stateOf(stream).status}`),
  },
];

/** The longest list that a page holds; an episode makes fewer records than that. */
const ALL = 200;

async function listed({ views }: World, tenantId: string, filter: ExceptionFilter) {
  const { items } = await views.list(fully(tenantId), {
    ...{ filter, sort: 'created_at', descending: false, limit: ALL, exactCount: false },
  });
  return items.map(({ state }) => state);
}

/** The status that follows from the events and the time. */
function statusNow({ clock, policy }: World, stream: FoundStream): Status {
  const state = Mirror.stateOf(stream);
  return stateAt(state, Math.max(clock.now, state.updated_at), policy).status;
}

/** The end that the last decision about it has set, straight from the events. */
function endOf({ events }: FoundStream): number {
  let end = Number.NEGATIVE_INFINITY;
  for (const { event } of events) {
    if (event.type === 'ExceptionApproved' || event.type === 'ExceptionExtended')
      end = parseInstant(event.data.expires_at) ?? end;
    if (event.type === 'ExceptionExpired') end = parseInstant(event.data.ended_at) ?? end;
  }
  return end;
}
