import type { Mode, Placed } from './connector.ts';
import type { Operation } from './grant.ts';
import type { GrantSpec } from './grant-spec.ts';

/** An RFC 3339 instant in UTC to the millisecond, as payloads hold it. */
type InstantText = string;

/** As the ledger's payload holds what stands in the cloud. */
export interface PlacedText extends Omit<Placed, 'endsAt'> {
  readonly endsAt?: InstantText | undefined;
}

/**
 * The events of a grant's stream, version 1: everything that Lapse asked of a cloud, what came of it,
 * and what was seen. A call has its event before it leaves, so that one whose answer nobody recorded
 * is known as such.
 */
export type GrantEvent =
  | Event<
      'GrantPlanned',
      {
        exception_id: string;
        spec: GrantSpec;
        mode: Mode;
        /** Absent where nothing reaches it: people see to it. */
        connection?: string;
      }
    >
  | Event<'GrantRouted', { mode: Mode; connection?: string }>
  | Event<
      'CallBegun',
      { call_id: string; operation: Operation; ends_at?: InstantText; attempt: number }
    >
  | Event<
      'CallTaken',
      {
        call_id: string;
        placed?: PlacedText;
        /** When to look for what it leads to, and by when that is to be seen. */
        look_at: InstantText;
        seen_by: InstantText;
      }
    >
  | Event<
      'CallFailed',
      {
        call_id: string;
        kind: 'throttled' | 'retry' | 'refused' | 'unknown';
        message: string;
        retry_at: InstantText;
        /** So many have failed that it does not stand as it should. */
        gives_up?: true;
      }
    >
  | Event<'GrantNotSeen', { operation: Operation; message: string; retry_at: InstantText }>
  | Event<'GrantSeenInPlace', { placed: PlacedText }>
  | Event<'GrantSeenGone', { reads: number; message?: string }>
  | Event<
      'GrantSeenAgain',
      {
        placed: PlacedText;
        /** Who gave it again, as the cloud names them; and the alert that says so, where a log did. */
        by?: string;
        alert_id?: string;
      }
    >
  | Event<'RemovalTaskOpened', { task_id: string; reason: string }>
  | Event<'RemovalTaskEscalated', { task_id: string; to: string }>
  | Event<'RemovalAttested', { task_id?: string; statement: string; links: readonly string[] }>
  | Event<'GrantHandedOver', { to: string }>
  | Event<'GrantTakenOver', { from: string; placed?: PlacedText }>;

interface Event<Type extends string, Data> {
  readonly type: Type;
  readonly data: Readonly<Data>;
}

export type GrantEventType = GrantEvent['type'];
