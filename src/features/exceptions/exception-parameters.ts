import type { SortColumn } from './exception-list-query.ts';
import type { ListRequest } from './exception-views.ts';
import type { ListParameters } from './list-parameters.ts';

/** A list request out of its checked query parameters. */
export function listRequest(parameters: ListParameters): ListRequest {
  const { sort, limit, cursor, count, ...filter } = parameters;
  const descending = sort.startsWith('-');
  return {
    filter,
    sort: (descending ? sort.slice(1) : sort) as SortColumn,
    descending,
    limit,
    cursor,
    exactCount: count === 'exact',
  };
}
