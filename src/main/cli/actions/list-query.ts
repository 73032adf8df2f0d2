import type { ListQuery } from '@lapse/client';
import { readInstant } from '../terminal/read-time.ts';

/** The filters and the order that were typed. */
export interface FilterOptions {
  readonly sort?: string;
  readonly expiresBefore?: string;
  readonly expiresAfter?: string;
  readonly expiringWithin?: number;
  readonly overdue?: boolean;
  readonly open?: boolean;
  readonly [filter: string]: unknown;
}

/** What is typed as a list; the server says which values there are. */
const REPEATABLE = [
  ['status', 'status'],
  ['category', 'category'],
  ['control', 'control'],
  ['environment', 'environment'],
  ['data_classification', 'dataClassification'],
  ['severity', 'severity'],
  ['kind', 'kind'],
  ['requestor', 'requestor'],
  ['owner', 'owner'],
  ['service', 'service'],
  ['policy_ref', 'policyRef'],
] as const;

/** The API's filters. */
export function filterQuery(search: string | undefined, options: FilterOptions): ListQuery {
  const { sort, expiresBefore, expiresAfter, expiringWithin, overdue, open } = options;
  const given = {
    ...Object.fromEntries(REPEATABLE.map(([name, option]) => [name, options[option]])),
    q: search,
    expires_before: expiresBefore && readInstant(expiresBefore, '--expires-before'),
    expires_after: expiresAfter && readInstant(expiresAfter, '--expires-after'),
    expiring_within: expiringWithin,
    overdue: overdue === undefined ? undefined : String(overdue),
    open: open === undefined ? undefined : String(open),
    sort,
  };
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as ListQuery;
}
