import { parseInstant } from '../schedule/instant.ts';
import { accessGiven, isGranting } from './access-given.ts';
import { field, parsedJson, textAt } from './any-case.ts';
import type { AuditEvent, CloudActor } from './audit-event.ts';

const CLAIMS = 'http://schemas.microsoft.com/identity/claims';
const SOAP_CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const OUTCOMES: Readonly<Record<string, AuditEvent['outcome']>> = {
  started: 'started',
  start: 'started',
  accepted: 'started',
  succeeded: 'succeeded',
  success: 'succeeded',
  failed: 'failed',
  failure: 'failed',
};

/**
 * A line of the Activity Log as the API answers it, or in the form of diagnostic settings, which has
 * other names in part and writes values in capitals. `undefined` for a line that gives nobody access,
 * or that lacks what an operation is known by.
 */
export function readActivityLog(line: unknown): AuditEvent | undefined {
  const operation = named(line, 'operationName')?.toLowerCase();
  if (operation === undefined || !isGranting(operation)) return undefined;
  const outcome =
    OUTCOMES[(named(line, 'status') ?? textAt(line, 'resultType') ?? '').toLowerCase()];
  const at = parseInstant(textAt(line, 'eventTimestamp') ?? textAt(line, 'time') ?? '');
  const correlation_id = textAt(line, 'correlationId');
  const resource_id = textAt(line, 'resourceId') ?? textAt(line, 'authorization', 'scope');
  if (!outcome || at === undefined || !correlation_id || !resource_id) return undefined;
  // A line of the diagnostic form has no id of its own; an operation has each outcome once.
  const event_id = textAt(line, 'eventDataId') ?? `${correlation_id}/${resource_id}/${outcome}`;
  const access = accessGiven(operation, resource_id, parsedJson(bodyOf(line)));
  return {
    log: 'activity-log',
    event_id: event_id.toLowerCase(),
    correlation_id: correlation_id.toLowerCase(),
    ...{ operation, resource_id, outcome, at },
    by: activityActor(line),
    ...(access === undefined ? {} : { access }),
  };
}

/** Who a line names: its caller is a person's name or a service's object id. */
export function activityActor(line: unknown): CloudActor {
  const claims = field(line, 'claims') ?? field(line, 'identity', 'claims');
  const caller = textAt(line, 'caller');
  const upn = textAt(claims, `${SOAP_CLAIMS}/upn`) ?? (caller?.includes('@') ? caller : undefined);
  const isService = caller !== undefined && !caller.includes('@');
  return cloudActor({
    object_id: textAt(claims, `${CLAIMS}/objectidentifier`) ?? (isService ? caller : undefined),
    upn,
    app_id: textAt(claims, 'appid'),
  });
}

/** An actor of what is known of one. */
export function cloudActor(
  known: {
    readonly [Part in keyof CloudActor]: string | undefined;
  },
): CloudActor {
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value.toLowerCase()]],
    ),
  );
}

/** A value that the API gives with its translation, and the diagnostic form alone. */
function named(line: unknown, name: string): string | undefined {
  return textAt(line, name, 'value') ?? textAt(line, name);
}

function bodyOf(line: unknown): unknown {
  return field(parsedJson(field(line, 'properties')), 'requestbody');
}
