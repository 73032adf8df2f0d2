import {
  dataOf,
  type ExceptionSummary,
  type LapseClient,
  type ListQuery,
  type SummaryPage,
  timedDataOf,
} from '@lapse/client';
import { renderList } from '../render/render-list.ts';
import { counted } from '../render/time-text.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, terminalWidth } from '../terminal/output.ts';
import { sayNext } from '../terminal/say.ts';
import { eachPage, MOST_A_PAGE, type PageQuery } from './all-items.ts';
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
  if (options.all) return listAll(client, query, options);
  if (options.json) return printJson((await timedPageOf(client, query)).data);
  const { data: page, now } = await timedSummariesOf(client, query);
  printRows(page.items, now);
  remark(totalText(page.items.length, page));
  if (page.next_cursor)
    sayNext(`the same command with --all, or page by page with --cursor ${page.next_cursor}`);
}

/** As many as fit the terminal, drawn anew. */
async function watch(client: LapseClient, query: ListQuery, options: ListOptions): Promise<void> {
  const { watchList } = await import('./watch-list.ts');
  await watchList(
    () => timedSummariesOf(client, { limit: MOST_A_PAGE, ...query }),
    totalText,
    options.watch === true ? WATCH_SECONDS : (options.watch ?? WATCH_SECONDS),
  );
}

async function count(client: LapseClient, query: ListQuery, { json }: ListOptions): Promise<void> {
  const { total } = await dataOf(
    client.GET('/v1/exceptions', { params: { query: { ...query, limit: 1, count: 'exact' } } }),
  );
  if (json) printJson({ total });
  else print(String(total));
}

/** Page after page. JSON is written as it comes; a table needs to know its widest entries first. */
async function listAll(
  client: LapseClient,
  query: ListQuery,
  { json }: ListOptions,
): Promise<void> {
  const total = json ? await printAll(client, query) : await tabulateAll(client, query);
  remark(total === 0 ? 'no exception matches' : counted(total, 'exception'));
}

async function printAll(client: LapseClient, query: ListQuery): Promise<number> {
  let total = 0;
  print('{"items":[');
  const read = async (page: PageQuery) => (await timedPageOf(client, { ...query, ...page })).data;
  for await (const page of eachPage(read, query.cursor)) {
    for (const item of page.items) {
      print(`${total > 0 ? ',' : ''}${JSON.stringify(item)}`);
      total += 1;
    }
  }
  print(`],"next_cursor":null,"total":${total},"total_is_minimum":false}`);
  return total;
}

async function tabulateAll(client: LapseClient, query: ListQuery): Promise<number> {
  const rows: ExceptionSummary[] = [];
  let now = Number.NaN;
  const read = async (page: PageQuery) => {
    const { data, now: at } = await timedSummariesOf(client, { ...query, ...page });
    now = at;
    return data;
  };
  for await (const page of eachPage(read, query.cursor)) rows.push(...page.items);
  printRows(rows, now);
  return rows.length;
}

function printRows(rows: readonly ExceptionSummary[], now: number): void {
  if (rows.length > 0) print(renderList(rows, terminalWidth(), now));
}

function totalText(shown: number, { total, total_is_minimum }: SummaryPage): string {
  if (total === 0) return 'no exception matches';
  const all = `${total.toLocaleString('en')}${total_is_minimum ? ' or more' : ''}`;
  return shown === total ? counted(total, 'exception') : `${shown} of ${all} exceptions`;
}

function timedSummariesOf(client: LapseClient, query: ListQuery) {
  return timedDataOf(client.GET('/v1/exception-summaries', { params: { query } }));
}

function timedPageOf(client: LapseClient, query: ListQuery) {
  return timedDataOf(client.GET('/v1/exceptions', { params: { query } }));
}
