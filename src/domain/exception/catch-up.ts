import { CLOCK } from '../access/actor.ts';
import type { Policy } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import { advance } from './advance.ts';
import type { ExceptionEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { ExceptionState } from './state.ts';

/**
 * Every transition that time alone has brought about up to `now`, in order. The sweep records them;
 * a command on a record records them first; a read shows what they lead to (`stateAt`).
 */
export function catchUp(state: ExceptionState, now: Instant, policy: Policy): ExceptionEvent[] {
  const events: ExceptionEvent[] = [];
  let current = state;
  for (let event = advance(current, now, policy); event; event = advance(current, now, policy)) {
    events.push(event);
    current = evolve(current, event, { exceptionId: state.exception_id, at: now, actor: CLOCK });
  }
  return events;
}

/** The record as it stands at `now`, whether or not a sweep has passed since. */
export function stateAt(state: ExceptionState, now: Instant, policy: Policy): ExceptionState {
  return catchUp(state, now, policy).reduce(
    (folded, event) =>
      evolve(folded, event, { exceptionId: state.exception_id, at: now, actor: CLOCK }),
    state,
  );
}
