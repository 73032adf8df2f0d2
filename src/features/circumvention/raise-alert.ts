import { CLOCK } from '../../domain/access/actor.ts';
import {
  type AlertEvent,
  type AlertFacts,
  type AlertState,
  confirms,
  isOf,
} from '../../domain/circumvention/alert.ts';
import type { AuditEvent } from '../../domain/circumvention/audit-event.ts';
import { type Judgement, judgeGrant } from '../../domain/circumvention/judge-grant.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';
import { alertStream, readAlertsOf } from './alert-store.ts';
import type { CircumventionParts, ConnectionRevision } from './circumvention-parts.ts';
import { openIncident, openWarning } from './security-tasks.ts';

/** Something that was given, and all that it is judged by. */
export interface Given {
  readonly connection: ConnectionRevision;
  readonly event: AuditEvent;
  /** Whether it is known what was given. */
  readonly isReadable: boolean;
  /** What the cloud calls Lapse. */
  readonly own: ReadonlySet<string>;
  /** The domain's time. */
  readonly now: number;
}

type Parts = Pick<CircumventionParts, 'grantsLike' | 'seeAgain' | 'personOf' | 'strike'>;

/**
 * Judges what was given, and records what follows, in the transaction that takes the line out: an alert,
 * access that is there again on its grant's stream, a strike on whoever gave it. One operation has one
 * alert, however often and from whichever log it is heard of.
 */
export async function raiseAlert(tx: Transaction, parts: Parts, given: Given): Promise<void> {
  const { connection, event, isReadable, own, now } = given;
  const { tenantId } = connection;
  // Two lines of one operation wait for each other here; so do two strikes on one person.
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('alerts/' || $1, 0))", [tenantId]);
  const alerts = await readAlertsOf(tx, tenantId, event.resource_id);
  const before = alerts.find(({ state }) => isOf(state, event));
  if (before) {
    if (confirms(event, before.state)) await confirm(tx, parts, before, event, now);
    return;
  }
  const known = event.access ? await parts.grantsLike(tx, tenantId, event.access) : [];
  const judgement = judgeGrant(event, known, own);
  const kind = kindOf(judgement, isReadable);
  if (kind === undefined || !isWatched(connection, event, kind)) return;
  const person = await parts.personOf(tx, tenantId, event.by);
  const facts: AlertFacts = {
    ...{ kind, connection: connection.state.name, log: event.log, event_id: event.event_id },
    ...{ correlation_id: event.correlation_id, operation: event.operation },
    ...{ resource_id: event.resource_id, done_at: formatInstant(event.at), by: event.by },
    ...(event.access === undefined ? {} : { access: event.access }),
    ...(judgement.kind === 'circumvention'
      ? { exception_id: judgement.exceptionId, grant_id: judgement.grantId }
      : {}),
    ...(person === undefined ? {} : { person_id: person.personId }),
  };
  const [alert] = record(tx, alertStream, [
    {
      ...{ tenantId, streamId: `ALT_${newUlid()}`, before: undefined, at: now, actor: CLOCK },
      events: [{ type: 'AlertRaised', data: facts }],
    },
  ]);
  if (!alert || judgement.kind !== 'circumvention') return;
  const { grantId } = judgement;
  const { resource_id: resourceId } = event;
  await parts.seeAgain(tx, { tenantId, grantId, resourceId, alertId: alert.id });
  // Who did it is believed of logs that Lapse has read by itself; a post is confirmed by them later.
  if (event.log !== 'event-grid') await count(tx, parts, alert, event, person?.name, now);
}

function kindOf(judgement: Judgement, isReadable: boolean): AlertState['kind'] | undefined {
  if (judgement.kind === 'own' || judgement.kind === 'covered') return undefined;
  return isReadable ? judgement.kind : 'unreadable';
}

/** Groups are watched where the register or the connection names them: a directory has many others. */
function isWatched(
  { state: { settings } }: ConnectionRevision,
  { access }: AuditEvent,
  kind: AlertState['kind'],
): boolean {
  if (kind === 'circumvention' || access?.kind !== 'group-member') return true;
  const group = access.target.toLowerCase();
  return settings.connector === 'azure' && settings.groups.some((id) => id.toLowerCase() === group);
}

/** A log says who did what was only heard of before. */
async function confirm(
  tx: Transaction,
  parts: Parts,
  before: StreamState<AlertState>,
  event: AuditEvent,
  now: number,
): Promise<void> {
  const { tenantId, id: streamId } = before;
  const person = await parts.personOf(tx, tenantId, event.by);
  const { log, event_id, correlation_id, by } = event;
  const data = {
    ...{ log, event_id, correlation_id, by },
    ...(person === undefined ? {} : { person_id: person.personId }),
  };
  const events: AlertEvent[] = [{ type: 'AlertConfirmed', data }];
  const [alert] = record(tx, alertStream, [
    { tenantId, streamId, before, events, at: now, actor: CLOCK },
  ]);
  if (alert?.state.kind === 'circumvention')
    await count(tx, parts, alert, event, person?.name, now);
}

/** Counts a strike on whoever the register knows, and tells people. */
async function count(
  tx: Transaction,
  { strike }: Parts,
  { tenantId, id: alertId, state }: StreamState<AlertState>,
  { by }: AuditEvent,
  name: string | undefined,
  now: number,
): Promise<void> {
  const { person_id: personId, exception_id: exceptionId = '' } = state;
  const told = { tenantId, alertId, exceptionId, at: now };
  if (personId === undefined || name === undefined) return openWarning(tx, told);
  const { count: strikes, isBarred } = await strike(tx, { tenantId, personId, alertId, by });
  const person = { personId, name, strikes };
  if (isBarred) openIncident(tx, told, person);
  else openWarning(tx, told, person);
}
