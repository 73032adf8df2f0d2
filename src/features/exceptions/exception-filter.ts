import { type SqlBool, sql } from 'kysely';
import { IN_FORCE, OPEN, STATUSES, type Status } from '../../domain/exception/status.ts';
import { DAY, formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import { searchCondition } from './exception-search.ts';
import { anyStatusAt, type Builder, type Condition } from './exception-status.ts';

/** The list filters of INTERFACE, HTTP; several values of one mean "any of". */
export interface ExceptionFilter {
  readonly status?: readonly Status[];
  readonly category?: readonly string[];
  readonly control?: readonly string[];
  readonly environment?: readonly string[];
  readonly data_classification?: readonly string[];
  readonly severity?: readonly string[];
  readonly kind?: readonly string[];
  readonly requestor?: readonly string[];
  readonly owner?: readonly string[];
  readonly service?: readonly string[];
  readonly policy_ref?: readonly string[];
  /** Roles whose approval is lacking. */
  readonly awaiting?: readonly string[];
  readonly q?: string;
  readonly expires_before?: Instant;
  readonly expires_after?: Instant;
  /** Days: open, and ending within so many from now. */
  readonly expiring_within?: number;
  readonly overdue?: boolean;
  readonly open?: boolean;
}

const PLAIN = [
  'category',
  'control',
  'environment',
  'data_classification',
  'severity',
  'kind',
] as const;

/** The conditions of a filter, with every status as it is at `now`, whatever the last sweep saw. */
export function filterConditions(eb: Builder, filter: ExceptionFilter, now: Instant): Condition[] {
  const statuses = filterStatuses(filter);
  const conditions = fieldConditions(eb, filter, now);
  if (statuses) conditions.push(anyStatusAt(eb, statuses, formatInstant(now)));
  if (filter.q !== undefined) conditions.push(searchCondition(filter.q));
  return conditions;
}

/** The statuses that a filter lets through; `undefined` where it says nothing of them. */
export function filterStatuses(filter: ExceptionFilter): readonly Status[] | undefined {
  const { status, open, overdue, expiring_within } = filter;
  const wanted = [
    status?.length ? status : undefined,
    open === undefined ? undefined : among(OPEN, open),
    overdue === undefined ? undefined : among(['Expired'], overdue),
    expiring_within === undefined ? undefined : IN_FORCE,
  ].filter((each) => each !== undefined);
  if (wanted.length === 0) return undefined;
  return STATUSES.filter((each) => wanted.every((statuses) => statuses.includes(each)));
}

/** Whether a filter names a person, a service, a rule or an approver: few records of any register have it. */
export function isNarrow(filter: ExceptionFilter): boolean {
  const { requestor, owner, service, policy_ref, awaiting } = filter;
  return [requestor, owner, service, policy_ref, awaiting].some((values) => values?.length);
}

/** The conditions of a filter on everything but the status and the search. */
export function fieldConditions(eb: Builder, filter: ExceptionFilter, now: Instant): Condition[] {
  const conditions: Condition[] = [];
  for (const name of PLAIN) {
    const values = filter[name];
    if (values?.length) conditions.push(eb(name, 'in', values));
  }
  if (filter.requestor?.length) conditions.push(eb('requestor', 'in', lower(filter.requestor)));
  if (filter.owner?.length)
    conditions.push(child('exception_owners', 'owner', lower(filter.owner)));
  if (filter.service?.length)
    conditions.push(child('exception_services', 'service', filter.service));
  if (filter.policy_ref?.length)
    conditions.push(child('exception_policy_refs', 'policy_ref', filter.policy_ref));
  if (filter.awaiting?.length)
    conditions.push(child('exception_awaited_roles', 'role', filter.awaiting));
  if (filter.expires_before !== undefined)
    conditions.push(eb('expires_at', '<', formatInstant(filter.expires_before)));
  if (filter.expires_after !== undefined) {
    // Records without an end are stored as infinite: they are not "after" anything.
    conditions.push(
      eb('expires_at', '>', formatInstant(filter.expires_after)),
      eb('expires_at', '<', 'infinity'),
    );
  }
  if (filter.expiring_within !== undefined) {
    const until = formatInstant(now + filter.expiring_within * DAY);
    // What is in force has not ended; said here as well, so that an index gives the few that are near.
    conditions.push(eb('expires_at', '>', formatInstant(now)), eb('expires_at', '<=', until));
  }
  return conditions;
}

type ChildName =
  | 'exception_owners'
  | 'exception_services'
  | 'exception_policy_refs'
  | 'exception_awaited_roles';

function child<Table extends ChildName>(
  table: Table,
  column: string,
  values: readonly string[],
): Condition {
  // Not the outer row's tenant: PostgreSQL 16 would run a correlated query once for every row.
  return sql<SqlBool>`exception_id IN (SELECT exception_id FROM ${sql.table(`lapse.${table}`)}
    WHERE tenant_id = lapse.current_tenant() AND ${sql.ref(column)} = ANY(${[...values]}))`;
}

function among(statuses: readonly Status[], wanted: boolean): readonly Status[] {
  return STATUSES.filter((status) => statuses.includes(status) === wanted);
}

function lower(values: readonly string[]): string[] {
  return values.map((value) => value.toLowerCase());
}
