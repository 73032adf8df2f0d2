import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { Status } from '../../domain/exception/status.ts';
import { DAY, formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import type { Tables } from '../../platform/db/query-builder.ts';

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
  readonly q?: string;
  readonly expires_before?: Instant;
  readonly expires_after?: Instant;
  /** Days: open, and ending within so many from now. */
  readonly expiring_within?: number;
  readonly overdue?: boolean;
  readonly open?: boolean;
}

type Builder = ExpressionBuilder<Tables, 'exceptions'>;
type Condition = Expression<SqlBool>;

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
  const conditions: Condition[] = [];
  const at = formatInstant(now);
  for (const name of PLAIN) {
    const values = filter[name];
    if (values?.length) conditions.push(eb(name, 'in', values));
  }
  if (filter.status?.length) conditions.push(anyStatus(eb, filter.status, at));
  if (filter.requestor?.length) conditions.push(eb('requestor', 'in', lower(filter.requestor)));
  if (filter.owner?.length)
    conditions.push(child('exception_owners', 'owner', lower(filter.owner)));
  if (filter.service?.length)
    conditions.push(child('exception_services', 'service', filter.service));
  if (filter.policy_ref?.length)
    conditions.push(child('exception_policy_refs', 'policy_ref', filter.policy_ref));
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
    conditions.push(
      anyStatus(eb, ['Active', 'Expiring', 'Extended'], at),
      eb('expires_at', '<=', until),
    );
  }
  if (filter.overdue !== undefined)
    conditions.push(yesOrNo(eb, anyStatus(eb, ['Expired'], at), filter.overdue));
  if (filter.open !== undefined) {
    conditions.push(
      yesOrNo(eb, anyStatus(eb, ['Active', 'Expiring', 'Extended', 'Expired'], at), filter.open),
    );
  }
  if (filter.q !== undefined) conditions.push(search(filter.q));
  return conditions;
}

/**
 * What people type as a text search: every word, each the beginning of one. A word is quoted whole,
 * so that nothing in it is an operator and PostgreSQL takes it apart just as it took the text apart:
 * ADR-0217 or an e-mail address is not a row of words to it. Empty where there is no word at all.
 */
function searchQuery(text: string): string {
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 20)
    .map((word) => `'${word.replace(/['\\]/g, '$&$&')}':*`)
    .join(' & ');
}

function search(text: string): Condition {
  const query = searchQuery(text);
  if (query === '') return sql<SqlBool>`false`;
  return sql<SqlBool>`exception_id IN (SELECT lapse.search_exceptions(${query}))`;
}

function anyStatus(eb: Builder, statuses: readonly Status[], now: string): Condition {
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

function child<Table extends 'exception_owners' | 'exception_services' | 'exception_policy_refs'>(
  table: Table,
  column: string,
  values: readonly string[],
): Condition {
  // Not the outer row's tenant: PostgreSQL 16 would run a correlated query once for every row.
  return sql<SqlBool>`exception_id IN (SELECT exception_id FROM ${sql.table(`lapse.${table}`)}
    WHERE tenant_id = lapse.current_tenant() AND ${sql.ref(column)} = ANY(${[...values]}))`;
}

function yesOrNo(eb: Builder, condition: Condition, wanted: boolean): Condition {
  return wanted ? condition : eb.not(condition);
}

function lower(values: readonly string[]): string[] {
  return values.map((value) => value.toLowerCase());
}
