import { dataOf, type ExceptionPage, type LapseClient, type ListQuery } from '@lapse/client';
import { type ListedRecord, listed, renderList } from '../render/render-list.ts';
import { counted } from '../render/time-text.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, terminalWidth } from '../terminal/output.ts';
import { type FilterOptions, filterQuery } from './list-query.ts';

/** `lapse list`: the API's filters, and how much of the list is wanted. */
export interface ListOptions extends FilterOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly count?: boolean;
  readonly limit?: number;
  /** Seconds between two looks; true where nothing was said. */
  readonly watch?: number | true;
  readonly cursor?: string;
}

const MOST_A_PAGE = 200;
const WATCH_SECONDS = 2;

/** `lapse list` */
export async function list(search: string | undefined, options: ListOptions): Promise<void> {
  const client = connect();
  const { limit, cursor } = options;
  const query = {
    ...filterQuery(search, options),
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  if (options.count) return count(client, query, options);
  if (options.watch !== undefined) return watch(client, query, options);
  if (options.all) return listAll(client, { ...query, limit: MOST_A_PAGE }, options);
  const page = await pageOf(client, query);
  if (options.json) return printJson(page);
  printRows(page.items);
  remark(totalText(page.items.length, page));
  if (page.next_cursor)
    remark(`next: the same command with --cursor ${page.next_cursor}, or --all`);
}

/** As many as fit the terminal, drawn anew; the other ways to have it make no sense with that. */
async function watch(client: LapseClient, query: ListQuery, options: ListOptions): Promise<void> {
  const others = (['json', 'all', 'cursor'] as const).filter((name) => options[name] !== undefined);
  if (others.length > 0) throw usageFailure(`--watch goes with no --${others[0]}`);
  const { watchList } = await import('./watch-list.ts');
  await watchList(
    () => pageOf(client, { limit: MOST_A_PAGE, ...query }),
    (page) => totalText(page.items.length, page),
    options.watch === true ? WATCH_SECONDS : (options.watch ?? WATCH_SECONDS),
  );
}

async function count(client: LapseClient, query: ListQuery, { json }: ListOptions): Promise<void> {
  const { total } = await pageOf(client, { ...query, limit: 1, count: 'exact' });
  if (json) printJson({ total });
  else print(String(total));
}

/** Page after page. JSON is written as it comes; a table needs to know its widest entries first. */
async function listAll(
  client: LapseClient,
  query: ListQuery,
  { json }: ListOptions,
): Promise<void> {
  const rows: ListedRecord[] = [];
  let total = 0;
  let cursor: string | undefined;
  if (json) print('{"items":[');
  do {
    const page: ExceptionPage = await pageOf(client, cursor ? { ...query, cursor } : query);
    for (const item of page.items) {
      if (json) print(`${total > 0 ? ',' : ''}${JSON.stringify(item)}`);
      else rows.push(listed(item));
      total += 1;
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  if (json) print(`],"next_cursor":null,"total":${total},"total_is_minimum":false}`);
  else printRows(rows);
  remark(total === 0 ? 'no exception matches' : counted(total, 'exception'));
}

function printRows(rows: readonly ListedRecord[]): void {
  if (rows.length > 0) print(renderList(rows, terminalWidth(), Date.now()));
}

function totalText(shown: number, { total, total_is_minimum }: ExceptionPage): string {
  if (total === 0) return 'no exception matches';
  const all = `${total.toLocaleString('en')}${total_is_minimum ? ' or more' : ''}`;
  return shown === total ? counted(total, 'exception') : `${shown} of ${all} exceptions`;
}

function pageOf(client: LapseClient, query: ListQuery): Promise<ExceptionPage> {
  return dataOf(client.GET('/v1/exceptions', { params: { query } }));
}
