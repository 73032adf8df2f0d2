import { type Instant, MINUTE } from '../schedule/instant.ts';
import type { AuditEvent } from './audit-event.ts';

/** A grant of the register that is the same access as one that somebody gave. */
export interface KnownGrant {
  readonly grantId: string;
  readonly exceptionId: string;
  /** Since when its record was in force. */
  readonly startedAt: Instant;
  /** When that ended; absent while it is in force. */
  readonly endedAt?: Instant | undefined;
}

/** What access that somebody gave is for the register. */
export type Judgement =
  | { readonly kind: 'own' }
  | { readonly kind: 'covered' }
  | {
      /** Access that an exception had, and that was to be gone. */
      readonly kind: 'circumvention';
      readonly grantId: string;
      readonly exceptionId: string;
    }
  | { readonly kind: 'outside-register' };

/**
 * How long before a record was in force access may have been given that it covers: the cloud's clock is
 * another. At its end there is no such span, or what is given again at once would stay.
 */
const EARLY = 5 * MINUTE;

/**
 * What access that somebody gave is for the register (issue: Circumvention). What Lapse did is known by
 * who did it alone: its mark could be written by anybody. Access is covered by a record that is in force,
 * or was when it was given: what is read late is no circumvention, and neither is a renewal.
 *
 * @param known the grants of the register that are the same access, `grantKey` of both being equal
 * @param own what the cloud calls Lapse, in lower case
 */
export function judgeGrant(
  { at, by }: Pick<AuditEvent, 'at' | 'by'>,
  known: readonly KnownGrant[],
  own: ReadonlySet<string>,
): Judgement {
  if ([by.object_id, by.app_id].some((id) => id !== undefined && own.has(id)))
    return { kind: 'own' };
  const isCovered = known.some(
    ({ startedAt, endedAt }) => endedAt === undefined || (startedAt - EARLY <= at && at < endedAt),
  );
  if (isCovered) return { kind: 'covered' };
  const [last] = known.filter(({ startedAt }) => startedAt <= at).sort(byEnd);
  if (!last) return { kind: 'outside-register' };
  return { kind: 'circumvention', grantId: last.grantId, exceptionId: last.exceptionId };
}

/** The last to end first; of those that ended together the one with the greater id. */
function byEnd(a: KnownGrant, b: KnownGrant): number {
  const [one, other] = [a.endedAt ?? 0, b.endedAt ?? 0];
  if (one !== other) return other - one;
  return a.grantId < b.grantId ? 1 : -1;
}
