/** A page of a list, as the API answers it. */
interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/** What a page is asked for with. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string;
}

/** INTERFACE, HTTP: lists. */
export const MOST_A_PAGE = 200;

/** The pages of a list, one after another, until there is none. */
export async function* eachPage<Answer extends Page<unknown>>(
  read: (query: PageQuery) => Promise<Answer>,
  from?: string,
): AsyncGenerator<Answer> {
  let cursor = from;
  do {
    const page = await read({ limit: MOST_A_PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield page;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** The whole of a list that a person may read at once. */
export async function allItems<Item>(
  read: (query: PageQuery) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of eachPage(read)) items.push(...page.items);
  return items;
}
