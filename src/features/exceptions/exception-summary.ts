import { sql } from 'kysely';
import { z } from 'zod';
import { isInForce } from '../../domain/exception/advance.ts';
import { kindOf } from '../../domain/exception/chain-place.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import { severity } from '../../domain/exception/risk.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { IN_FORCE, type Status } from '../../domain/exception/status.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import type { PageColumns } from './exception-list-query.ts';
import { type StateColumns, stateNow, stateOf } from './exception-row.ts';
import { exceptionAnswer } from './exception-schemas.ts';

/** A record in short, as a row of a table shows it; each member is that of the whole record. */
export const exceptionSummary = exceptionAnswer.pick({
  exception_id: true,
  revision: true,
  status: true,
  kind: true,
  title: true,
  category: true,
  control: true,
  environment: true,
  data_classification: true,
  severity: true,
  requestor: true,
  owners: true,
  renewal_number: true,
  expires_at: true,
  in_force: true,
  overdue: true,
  created_at: true,
  updated_at: true,
  ended_at: true,
});
export type ExceptionSummary = z.output<typeof exceptionSummary>;

export const summaryPage = z.object({
  items: z.array(exceptionSummary),
  next_cursor: z.string().nullable(),
  total: z.int(),
  total_is_minimum: z.boolean(),
});

/** What a summary is made of; the whole state only of a record that time has moved on since it was written. */
export interface SummaryRow {
  readonly exception_id: string;
  readonly version: number;
  readonly status: Status;
  readonly kind: 'time-boxed' | 'permanent';
  readonly title: string;
  readonly category: ExceptionFields['category'] | null;
  readonly control: ExceptionFields['control'] | null;
  readonly environment: ExceptionFields['environment'] | null;
  readonly data_classification: ExceptionFields['data_classification'] | null;
  readonly severity: ExceptionSummary['severity'];
  readonly requestor: ExceptionFields['requestor'] | null;
  readonly owners: ExceptionFields['owners'] | null;
  readonly renewal_number: number;
  readonly expires_at: Date | number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Instant | null;
  readonly fields: StateColumns['fields'] | null;
  readonly state: StateColumns['state'] | null;
}

/**
 * {@link SummaryRow} of `e`: columns, and each of the two JSON texts gone through once. What time has
 * moved on by `now` comes whole.
 */
export function summaryColumns(now: Instant): PageColumns {
  const whole = sql`CASE WHEN e.due_at <= ${formatInstant(now)}::timestamptz THEN`;
  return {
    columns: sql`e.version, e.status, e.kind, e.title, e.category, e.control, e.environment,
      e.data_classification, e.severity, f.requestor, f.owners, e.renewal_number, e.expires_at,
      e.created_at, e.updated_at, (s.ended->>'at')::float8 AS ended_at,
      ${whole} e.fields END AS fields, ${whole} e.state END AS state`,
    joins: sql`CROSS JOIN LATERAL json_to_record(e.fields) AS f(requestor json, owners json)
      CROSS JOIN LATERAL json_to_record(e.state) AS s(ended json)`,
  };
}

/** The summary of a row as its record stands at `now`. */
export function summaryOfRow(row: SummaryRow, now: Instant, policy: Policy): ExceptionSummary {
  const { version, fields, state, expires_at, ended_at } = row;
  if (fields && state)
    return summaryOf(stateNow(stateOf({ fields, state }), now, policy), version, now);
  const end = typeof expires_at === 'number' ? undefined : expires_at.getTime();
  return {
    exception_id: row.exception_id,
    revision: version,
    status: row.status,
    kind: row.kind,
    title: row.title,
    severity: row.severity,
    renewal_number: row.renewal_number,
    in_force: IN_FORCE.includes(row.status),
    overdue: row.status === 'Expired',
    created_at: formatInstant(row.created_at.getTime()),
    updated_at: formatInstant(row.updated_at.getTime()),
    ended_at: ended_at === null ? null : formatInstant(ended_at),
    ...(end === undefined ? {} : { expires_at: formatInstant(end) }),
    ...given(row),
  };
}

function summaryOf(state: ExceptionState, version: number, now: Instant): ExceptionSummary {
  const { fields } = state;
  const end = state.expires_at === undefined ? fields.expires_at : formatInstant(state.expires_at);
  return {
    exception_id: state.exception_id,
    revision: version,
    status: state.status,
    kind: kindOf(state),
    title: fields.title,
    severity: severity(fields) ?? null,
    renewal_number: state.renewal_number,
    in_force: isInForce(state, now),
    overdue: state.status === 'Expired',
    created_at: formatInstant(state.created_at),
    updated_at: formatInstant(state.updated_at),
    ended_at: state.ended ? formatInstant(state.ended.at) : null,
    ...(end === undefined ? {} : { expires_at: end }),
    ...given(fields),
  };
}

/** The optional members; what a record has not, its answer has not. */
function given({ category, control, environment, ...rest }: Given): Partial<ExceptionSummary> {
  const { data_classification, requestor, owners } = rest;
  return {
    ...(category && { category }),
    ...(control && { control }),
    ...(environment && { environment }),
    ...(data_classification && { data_classification }),
    ...(requestor && { requestor }),
    ...(owners && { owners }),
  };
}

type Given = {
  readonly [Name in
    | 'category'
    | 'control'
    | 'environment'
    | 'data_classification'
    | 'requestor'
    | 'owners']?: ExceptionFields[Name] | null;
};
