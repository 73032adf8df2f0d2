import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { Status } from '../../domain/exception/status.ts';
import type { Tables } from '../../platform/db/query-builder.ts';

/** Builds conditions on rows of the register. */
export type Builder = ExpressionBuilder<Tables, 'exceptions'>;
/** A condition on a row of the register. */
export type Condition = Expression<SqlBool>;

/**
 * Rows that time has moved on and no sweep has come to at `now`, an ISO text; those in quarantine
 * included. By the deadlines, and as an array, so that no plan reads the register for them; of these
 * `due_at` leaves those whose status holds, since other work may be due of a record before.
 */
export function isLate(tenantId: string, now: string): Condition {
  const due = (quarantined: string) => sql`
    SELECT exception_id FROM lapse.exception_deadlines
    WHERE tenant_id = ${tenantId}::text AND next_due_at <= ${now}::timestamptz
      AND quarantined_at ${sql.raw(quarantined)}`;
  return sql<SqlBool>`(exception_id = ANY (ARRAY(${due('IS NULL')} UNION ALL ${due('IS NOT NULL')}))
    AND due_at <= ${now}::timestamptz)`;
}

/** Rows that have any of the statuses at `now`, an ISO text. */
export function anyStatusAt(eb: Builder, statuses: readonly Status[], now: string): Condition {
  return eb.or(statuses.map((status) => statusAt(eb, status, now)));
}

/**
 * The SQL twin of `stateAt`: which rows have a status at `now`. The columns hold the instants at
 * which time alone moves a record on; a test compares both over random records and instants.
 */
export function statusAt(eb: Builder, status: Status, now: string): Condition {
  const is = (...names: Status[]) => eb('status', 'in', names);
  const before = (column: 'due_at' | 'expires_at' | 'expiring_at') => eb(column, '>', now);
  const past = (column: 'due_at' | 'expires_at' | 'expiring_at' | 'activates_at') =>
    eb(column, '<=', now);
  // `activates_at` is infinite, and so never past, where something that activation needs is missing.
  const started = eb.or([is('Active'), eb.and([is('Approved'), past('activates_at')])]);
  const ended = eb.and([eb.or([is('Expiring', 'Extended'), started]), past('expires_at')]);
  switch (status) {
    case 'Draft':
      return is('Draft');
    case 'Under-Review':
    case 'Approved':
      return eb.and([is(status), before('due_at')]);
    case 'Active':
      return eb.and([started, before('expiring_at'), before('expires_at')]);
    case 'Expiring':
      return eb.and([
        eb.or([is('Expiring'), eb.and([started, past('expiring_at')])]),
        before('expires_at'),
      ]);
    case 'Extended':
      return eb.and([is('Extended'), before('expires_at')]);
    case 'Expired':
      return eb.or([is('Expired'), eb.and([ended, eb('hands_over', '=', false)])]);
    case 'Closed': {
      const lapsed = eb.or([
        eb.and([is('Under-Review'), past('due_at')]),
        eb.and([is('Approved'), eb('activates_at', '>', now), past('expires_at')]),
      ]);
      return eb.or([
        eb.and([is('Closed'), before('due_at')]),
        lapsed,
        eb.and([ended, eb('hands_over', '=', true)]),
      ]);
    }
    case 'Archived':
      return eb.or([is('Archived'), eb.and([is('Closed'), past('due_at')])]);
  }
}
