import type { Actor } from '../access/actor.ts';
import type { PlacedText } from '../enforcement/grant-events.ts';
import { actorReference, instant } from '../exception/event-reading.ts';
import type { Instant } from '../schedule/instant.ts';
import type { FindingRemoval, FindingState, Remover } from './finding.ts';
import type { FindingEvent } from './finding-events.ts';

/** When, through whom and of which finding an event happened. */
export interface FindingEventContext {
  readonly findingId: string;
  /** Epoch milliseconds. */
  readonly at: Instant;
  readonly actor: Actor;
}

/** The finding after one more event; throws a plain Error where a stream does not begin as it must. */
export function evolveFinding(
  state: FindingState | undefined,
  event: FindingEvent,
  context: FindingEventContext,
): FindingState {
  if (event.type === 'FindingOpened') {
    const { placed, due_at, reconciliation_id: _, ...opened } = event.data;
    return {
      finding_id: context.findingId,
      ...opened,
      ...placedPart(placed),
      state: 'open',
      opened_at: context.at,
      due_at: instant(due_at),
    };
  }
  if (!state) throw new Error(`${context.findingId} begins with ${event.type}`);
  return apply(state, event, context);
}

function apply(
  state: FindingState,
  event: Exclude<FindingEvent, { type: 'FindingOpened' }>,
  { at, actor }: FindingEventContext,
): FindingState {
  const by = actorReference(actor);
  switch (event.type) {
    case 'FindingChanged': {
      const { details, placed } = event.data;
      return { ...state, details, ...placedPart(placed) };
    }
    case 'FindingAdopted': {
      const { exception_id } = event.data;
      return answered(state, { kind: 'adopt', exception_id, by, at });
    }
    case 'FindingRemovalOrdered': {
      const { reason } = event.data;
      const ordered = answered(state, { kind: 'remove', reason, by, at });
      return { ...ordered, removal: removalBy(event.data.by, at) };
    }
    case 'FindingAccepted': {
      const { reason, until } = event.data;
      return answered(state, { kind: 'accept', reason, until: instant(until), by, at });
    }
    case 'FindingLimitPassed': {
      const passed = { ...state, limit: { at, led_to: event.data.led_to } };
      if (event.data.led_to === 'task') return passed;
      return { ...passed, removal: removalBy(event.data.by, at) };
    }
    case 'FindingReopened': {
      const { answer: _, removal: __, limit: ___, ...rest } = state;
      return { ...rest, state: 'open', due_at: instant(event.data.due_at) };
    }
    case 'FindingRemovalBegun': {
      const { taken: _, retry_at: __, ...removal } = removalOf(state);
      return { ...state, removal: { ...removal, call: { call_id: event.data.call_id, at } } };
    }
    case 'FindingRemovalTaken': {
      const { call: _, ...removal } = removalOf(state);
      return { ...state, removal: { ...removal, taken: { look_at: instant(event.data.look_at) } } };
    }
    case 'FindingRemovalFailed': {
      const { kind, message, retry_at, gives_up } = event.data;
      const { call: _, ...removal } = removalOf(state);
      const failed_calls = removal.failed_calls + (kind === 'throttled' ? 0 : 1);
      const failed = { ...removal, failed_calls, retry_at: instant(retry_at) };
      return {
        ...state,
        removal: { ...failed, last_failure: message, ...(gives_up ? { by: 'person' } : {}) },
      };
    }
    case 'FindingSolved':
      return { ...state, state: 'solved', solved: { at, how: event.data.how } };
  }
}

function answered(state: FindingState, answer: FindingState['answer']): FindingState {
  const { removal: _, ...rest } = state;
  return { ...rest, state: 'answered', ...(answer ? { answer } : {}) };
}

function removalBy(by: Remover, at: Instant): FindingRemoval {
  return { by, ordered_at: at, failed_calls: 0 };
}

function removalOf({ finding_id, removal }: FindingState): FindingRemoval {
  if (!removal) throw new Error(`${finding_id} has no removal under way`);
  return removal;
}

function placedPart(placed: PlacedText | undefined): Pick<FindingState, 'placed'> {
  if (placed === undefined) return {};
  const { endsAt, ...rest } = placed;
  return { placed: endsAt === undefined ? rest : { ...rest, endsAt: instant(endsAt) } };
}
