import { parseInstant } from '../schedule/instant.ts';
import { accessGiven } from './access-given.ts';
import { textAt } from './any-case.ts';
import type { AuditEvent, CloudActor } from './audit-event.ts';

/**
 * A line completed by what stands at its resource's id. Of a line that was posted nothing is believed
 * but that id: who made it, and when, is what the resource says.
 */
export function completedByResource(event: AuditEvent, resource: unknown): AuditEvent {
  const access = accessGiven(event.operation, event.resource_id, resource);
  const known = access === undefined ? {} : { access };
  if (event.log !== 'event-grid') return { ...event, ...known };
  const at = parseInstant(
    textAt(resource, 'properties', 'createdOn') ??
      textAt(resource, 'systemData', 'lastModifiedAt') ??
      '',
  );
  return { ...event, ...known, by: makerOf(resource), at: at ?? event.at };
}

function makerOf(resource: unknown): CloudActor {
  const maker =
    textAt(resource, 'properties', 'createdBy') ?? textAt(resource, 'systemData', 'lastModifiedBy');
  if (maker === undefined) return {};
  const name = maker.toLowerCase();
  return name.includes('@') ? { upn: name } : { object_id: name };
}
