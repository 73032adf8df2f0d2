import type { Actor } from '../access/actor.ts';
import { actorReference, instant } from '../exception/event-reading.ts';
import type { Instant } from '../schedule/instant.ts';
import type { Placed } from './connector.ts';
import type { FailedCall, GrantState, RemovalTask, SaidBy } from './grant.ts';
import type { GrantEvent, PlacedText } from './grant-events.ts';

/** When, through whom and for which grant an event happened. */
export interface GrantEventContext {
  readonly grantId: string;
  /** Epoch milliseconds. */
  readonly at: Instant;
  readonly actor: Actor;
}

/** Failed calls that a grant remembers; the ledger has all of them. */
const REMEMBERED_FAILURES = 10;

/** The grant after one more event; throws a plain Error where a stream does not begin as it must. */
export function evolveGrant(
  state: GrantState | undefined,
  event: GrantEvent,
  context: GrantEventContext,
): GrantState {
  const { at, grantId } = context;
  if (event.type === 'GrantPlanned') {
    const { connection, ...planned } = event.data;
    return {
      grant_id: grantId,
      ...planned,
      ...(connection === undefined ? {} : { connection }),
      status: 'planned',
      said_by: 'record',
      since: at,
      failures: [],
      failed_calls: 0,
    };
  }
  if (!state) throw new Error(`${grantId} begins with ${event.type} instead of GrantPlanned`);
  return apply(state, event, context);
}

function apply(
  state: GrantState,
  event: Exclude<GrantEvent, { type: 'GrantPlanned' }>,
  { at, actor }: GrantEventContext,
): GrantState {
  switch (event.type) {
    case 'GrantRouted': {
      const { connection: _, ...rest } = state;
      // Another way may do what the earlier one could not.
      return { ...withoutFailures(rest), ...event.data };
    }
    case 'CallBegun': {
      const { call_id, operation } = event.data;
      const status = operation === 'apply' ? 'applying' : 'removing';
      const { taken: _, retry: __, ...rest } = to(state, status, 'record', at);
      const before = rest.failures.at(-1);
      const counted = before && before.operation !== operation ? withoutFailures(rest) : rest;
      return { ...counted, call: { call_id, operation, at } };
    }
    case 'CallTaken': {
      const { placed, look_at, seen_by } = event.data;
      const { call, throttled: _, ...rest } = state;
      if (!call) return state;
      const { operation } = call;
      return {
        ...rest,
        taken: { operation, look_at: instant(look_at), seen_by: instant(seen_by) },
        ...(placed === undefined ? {} : { placed: placedOf(placed) }),
      };
    }
    case 'CallFailed': {
      const { kind, message, retry_at, gives_up } = event.data;
      const { call, ...rest } = state;
      if (!call) return state;
      const { operation } = call;
      const waiting = { ...rest, retry: { operation, at: instant(retry_at) } };
      if (kind === 'throttled') return { ...waiting, throttled: (state.throttled ?? 0) + 1 };
      const { throttled: _, ...counted } = waiting;
      const standing = gives_up ? to(counted, 'failed', 'cloud', at) : counted;
      return failed(standing, { at, operation, kind, message });
    }
    case 'GrantNotSeen': {
      const { operation, message, retry_at } = event.data;
      const { taken: _, ...rest } = state;
      const waiting = { ...rest, retry: { operation, at: instant(retry_at) } };
      return failed(waiting, { at, operation, kind: 'not-seen', message });
    }
    case 'GrantSeenInPlace': {
      const placed = placedOf(event.data.placed);
      return { ...to(settled(state), 'in-place', 'cloud', at), placed };
    }
    case 'GrantSeenAgain': {
      const { placed, alert_id } = event.data;
      const seen = to(settled(state), 'in-place', 'cloud', at);
      return {
        ...seen,
        placed: placedOf(placed),
        again: { at, ...(alert_id === undefined ? {} : { alert_id }) },
      };
    }
    case 'GrantSeenGone':
      return taskEnded({ ...to(settled(state), 'removed', 'cloud', at) }, at, 'seen-gone');
    case 'RemovalTaskOpened': {
      const { task_id, reason } = event.data;
      const task: RemovalTask = { task_id, reason, opened_at: at, escalations: [] };
      const status = state.connection === undefined ? 'manual' : 'failed';
      return { ...to(state, status, 'record', at), task };
    }
    case 'RemovalTaskEscalated': {
      const { task } = state;
      if (!task) return state;
      const escalations = [...task.escalations, { to: event.data.to, at }];
      return { ...state, task: { ...task, escalations } };
    }
    case 'RemovalAttested': {
      const { statement, links } = event.data;
      const by = actorReference(actor);
      const attested = { by, at, statement, links };
      return { ...taskEnded(to(settled(state), 'removed', by, at), at, 'attested'), attested };
    }
    case 'GrantHandedOver': {
      const over = taskEnded(to(settled(state), 'removed', 'record', at), at, 'handed-over');
      return { ...over, handed_over_to: event.data.to };
    }
    case 'GrantTakenOver': {
      const { from, placed } = event.data;
      const taken = { ...state, taken_over_from: from };
      if (placed === undefined) return taken;
      return { ...to(taken, 'in-place', 'record', at), placed: placedOf(placed) };
    }
  }
}

/** Keeps the time where the status stays. */
function to(
  state: GrantState,
  status: GrantState['status'],
  said_by: SaidBy,
  at: Instant,
): GrantState {
  return { ...state, status, said_by, since: state.status === status ? state.since : at };
}

function failed(state: GrantState, failure: FailedCall): GrantState {
  return {
    ...state,
    failures: [...state.failures, failure].slice(-REMEMBERED_FAILURES),
    failed_calls: state.failed_calls + 1,
  };
}

function withoutFailures({ retry: _, ...state }: GrantState): GrantState {
  return { ...state, failures: [], failed_calls: 0 };
}

/** Nothing is under way any more: it is known how it stands. */
function settled(state: GrantState): GrantState {
  const { call: _, taken: __, ...rest } = state;
  return withoutFailures(rest);
}

function taskEnded(
  state: GrantState,
  at: Instant,
  how: NonNullable<RemovalTask['ended']>['how'],
): GrantState {
  const { task } = state;
  return task && !task.ended ? { ...state, task: { ...task, ended: { at, how } } } : state;
}

/** As the state holds it: with an end in epoch milliseconds. */
function placedOf({ endsAt, ...placed }: PlacedText): Placed {
  return endsAt === undefined ? placed : { ...placed, endsAt: instant(endsAt) };
}
