import { type Actor, CLOCK } from '../../src/domain/access/actor.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import type { Append } from '../../src/journal/journal.ts';
import { newUlid } from '../../src/platform/ids.ts';
import type { Story } from './given.ts';

/** A story as the journal takes it: all of it at once, in a stream of its own. */
export function appendOf(
  story: Story,
  tenantId: string,
  streamId = `EXC_${newUlid()}`,
): Append<ExceptionState, ExceptionEvent> {
  const actors = new Map<ExceptionEvent, Actor>(story.told.map((told) => [told.event, told.actor]));
  return {
    tenantId,
    streamId,
    before: undefined,
    events: [...actors.keys()],
    at: story.now,
    actor: (event) => actors.get(event) ?? CLOCK,
  };
}
