import type { PlacedText } from '../enforcement/grant-events.ts';
import type { GrantSpec } from '../enforcement/grant-spec.ts';
import type { FindingKind, Remover, SolvedBy } from './finding.ts';

/** An RFC 3339 instant in UTC to the millisecond, as payloads hold it. */
type InstantText = string;

/** The events of a finding's stream, version 1. */
export type FindingEvent =
  | Event<
      'FindingOpened',
      {
        kind: FindingKind;
        spec: GrantSpec;
        details: readonly string[];
        connection: string;
        scope: string;
        placed?: PlacedText;
        created_by?: string;
        exception_id?: string;
        grant_id?: string;
        is_allowed?: true;
        owner: string;
        due_at: InstantText;
        reconciliation_id: string;
      }
    >
  /** It is still there, and not as it was. */
  | Event<
      'FindingChanged',
      { details: readonly string[]; placed?: PlacedText; reconciliation_id: string }
    >
  | Event<'FindingAdopted', { exception_id: string }>
  | Event<'FindingRemovalOrdered', { reason: string; by: Remover }>
  | Event<'FindingAccepted', { reason: string; until: InstantText }>
  /** Its time limit has passed without an answer. */
  | Event<'FindingLimitPassed', { led_to: 'task' } | { led_to: 'removal'; by: Remover }>
  /** The answer has ended and it is still there: somebody has to answer again. */
  | Event<'FindingReopened', { because: string; due_at: InstantText }>
  | Event<'FindingRemovalBegun', { call_id: string; attempt: number }>
  | Event<'FindingRemovalTaken', { call_id: string; look_at: InstantText }>
  | Event<
      'FindingRemovalFailed',
      {
        call_id: string;
        kind: 'throttled' | 'retry' | 'refused' | 'unknown';
        message: string;
        retry_at: InstantText;
        /** From now on a person has to see to it. */
        gives_up?: true;
      }
    >
  | Event<'FindingSolved', { how: SolvedBy; reconciliation_id?: string }>;

interface Event<Type extends string, Data> {
  readonly type: Type;
  readonly data: Readonly<Data>;
}

export type FindingEventType = FindingEvent['type'];
