import { parseInstant } from '../schedule/instant.ts';
import { isMadeBy } from './access-given.ts';
import { field, textAt } from './any-case.ts';
import type { AuditEvent } from './audit-event.ts';
import { activityActor } from './read-activity-log.ts';

const WRITTEN = 'microsoft.resources.resourcewritesuccess';

/**
 * An event that Event Grid has posted: that a resource was written, without what the request said.
 * Whoever takes it in asks the cloud what stands there. `undefined` for what gives nobody access.
 */
export function readEventGrid(event: unknown): AuditEvent | undefined {
  if (textAt(event, 'eventType')?.toLowerCase() !== WRITTEN) return undefined;
  const operation = textAt(event, 'data', 'operationName')?.toLowerCase() ?? '';
  const resource_id = textAt(event, 'data', 'resourceUri') ?? textAt(event, 'subject') ?? '';
  const id = textAt(event, 'id');
  const at = parseInstant(textAt(event, 'eventTime') ?? '');
  if (!isMadeBy(operation, resource_id) || !id || at === undefined) return undefined;
  const correlation_id = textAt(event, 'data', 'correlationId') ?? id;
  return {
    log: 'event-grid',
    event_id: `event-grid/${id}`.toLowerCase(),
    correlation_id: correlation_id.toLowerCase(),
    ...{ operation, resource_id, outcome: 'succeeded', at },
    by: activityActor(field(event, 'data')),
  };
}

/** The code that Event Grid sends before it posts to an address; `undefined` where it sends none. */
export function validationCode(events: readonly unknown[]): string | undefined {
  const asks = events.find(
    (event) =>
      textAt(event, 'eventType')?.toLowerCase() ===
      'microsoft.eventgrid.subscriptionvalidationevent',
  );
  return textAt(asks, 'data', 'validationCode');
}
