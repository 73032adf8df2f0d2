import type { GrantSpec } from '../enforcement/grant-spec.ts';
import type { Instant } from '../schedule/instant.ts';

/** Where it was read that somebody did something. */
export const AUDIT_LOGS = ['activity-log', 'event-grid', 'directory-audits'] as const;
export type AuditLog = (typeof AUDIT_LOGS)[number];

/** Who did something, as the cloud names them; every part in lower case, and only what is known. */
export interface CloudActor {
  /** In Entra ID: of the person or the service principal. */
  readonly object_id?: string;
  /** The name that a person signs in with. */
  readonly upn?: string;
  /** Of the application that a service signs in as. */
  readonly app_id?: string;
}

/**
 * A line of an audit log in its normal form: somebody gives access, or has begun to. Azure's logs write
 * names and ids in any case, the diagnostic form all in capitals: `operation` is in lower case, and
 * `resource_id` is compared without regard to it (reference/azure.md, Activity Log). JSON.
 */
export interface AuditEvent {
  readonly log: AuditLog;
  /** The line's own id: what is read twice is one line. */
  readonly event_id: string;
  /** What the lines of one operation have in common. */
  readonly correlation_id: string;
  readonly operation: string;
  readonly resource_id: string;
  readonly outcome: 'started' | 'succeeded' | 'failed';
  /** In the cloud's time, epoch milliseconds. */
  readonly at: Instant;
  readonly by: CloudActor;
  /** What is given, to whom and where, where the line says so. */
  readonly access?: GrantSpec;
}

/** Operations that give access, by their name in lower case. */
export const ROLE_ASSIGNED = 'microsoft.authorization/roleassignments/write';
export const EXEMPTION_WRITTEN = 'microsoft.authorization/policyexemptions/write';
export const MEMBER_ADDED = 'add member to group';

/** The key of an operation: its lines, whichever log they come from, have the same. */
export function operationKey({
  correlation_id,
  resource_id,
}: Pick<AuditEvent, 'correlation_id' | 'resource_id'>): string {
  return `${correlation_id}\n${resource_id}`.toLowerCase();
}

/**
 * The line that says that an operation came to be, completed by what its other lines say of it: what is
 * given stands where it began. The order of the lines, and how often each comes, do not matter. Lines
 * of another log are not asked: what was posted says nothing of what a log has.
 */
export function completed(event: AuditEvent, others: readonly AuditEvent[]): AuditEvent {
  const key = operationKey(event);
  const known = others
    .filter((other) => other.log === event.log && operationKey(other) === key)
    .sort((a, b) => (a.event_id < b.event_id ? -1 : 1));
  const access = event.access ?? known.find((other) => other.access !== undefined)?.access;
  const by: CloudActor = Object.assign({}, ...known.map((other) => other.by), event.by);
  return { ...event, by, ...(access === undefined ? {} : { access }) };
}
