import type { Actor } from '../access/actor.ts';
import type { GrantSpec } from '../enforcement/grant-spec.ts';
import { actorReference, instant } from '../exception/event-reading.ts';
import type { ActorReference } from '../exception/state.ts';
import { type Instant, MINUTE } from '../schedule/instant.ts';
import { type AuditEvent, type AuditLog, type CloudActor, operationKey } from './audit-event.ts';

/**
 * What an alert is about: access that an ended exception had, access that no exception names, or an
 * operation of which neither the log nor the cloud says what it gave.
 */
export const ALERT_KINDS = ['circumvention', 'outside-register', 'unreadable'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** What was seen, as the ledger's payload holds it; instants are RFC 3339 in UTC. */
export interface AlertFacts {
  readonly kind: AlertKind;
  readonly connection: string;
  readonly log: AuditLog;
  readonly event_id: string;
  readonly correlation_id: string;
  readonly operation: string;
  readonly resource_id: string;
  /** When it was done, in the cloud's time. */
  readonly done_at: string;
  readonly by: CloudActor;
  readonly access?: GrantSpec;
  /** The ended exception whose access it is, and its grant. */
  readonly exception_id?: string;
  readonly grant_id?: string;
  /** Whoever did it, where the register knows them. */
  readonly person_id?: string;
}

/** An alert's life in the ledger, version 1. */
export type AlertEvent =
  | { readonly type: 'AlertRaised'; readonly data: AlertFacts }
  /** A log that Lapse has read by itself says who did what was only heard of before. */
  | {
      readonly type: 'AlertConfirmed';
      readonly data: Pick<AlertFacts, 'log' | 'event_id' | 'correlation_id' | 'by' | 'person_id'>;
    }
  | { readonly type: 'AlertAnswered'; readonly data: { readonly reason: string } };

/** An alert as it stands. */
export interface AlertState extends Omit<AlertFacts, 'done_at'> {
  readonly alert_id: string;
  readonly done_at: Instant;
  readonly raised_at: Instant;
  readonly answered?: {
    readonly by: ActorReference;
    readonly at: Instant;
    readonly reason: string;
  };
}

/** The alert after one more event; throws a plain Error where a stream does not begin as it must. */
export function evolveAlert(
  state: AlertState | undefined,
  event: AlertEvent,
  { alertId, at, actor }: { readonly alertId: string; readonly at: Instant; readonly actor: Actor },
): AlertState {
  if (event.type === 'AlertRaised') {
    const { done_at, ...facts } = event.data;
    return { alert_id: alertId, ...facts, done_at: instant(done_at), raised_at: at };
  }
  if (!state) throw new Error(`${alertId} begins with ${event.type} instead of AlertRaised`);
  if (event.type === 'AlertConfirmed') return { ...state, ...event.data };
  return { ...state, answered: { by: actorReference(actor), at, reason: event.data.reason } };
}

/** How far apart two reports of one operation are that have no id in common. */
const APART = MINUTE;

/**
 * Whether an operation has this alert already: by its correlation, or because it was heard of before by
 * a post. What a post says of itself is not believed, so that posts alone never make one operation two.
 */
export function isOf(alert: AlertState, event: AuditEvent): boolean {
  if (operationKey(alert) === operationKey(event)) return true;
  if (alert.resource_id.toLowerCase() !== event.resource_id.toLowerCase()) return false;
  if (alert.log !== 'event-grid' && event.log !== 'event-grid') return false;
  return Math.abs(alert.done_at - event.at) <= APART;
}

/** Whether a line says more than the alert knows: who did it is believed of logs that Lapse reads. */
export function confirms(event: AuditEvent, alert: AlertState): boolean {
  return alert.log === 'event-grid' && event.log !== 'event-grid';
}
