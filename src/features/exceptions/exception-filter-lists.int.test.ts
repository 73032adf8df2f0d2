import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fully } from '../../../test/support/fully.ts';
import { COMPLETE, given, inStatus, START } from '../../../test/support/given.ts';
import { samePolicy } from '../../../test/support/same-policy.ts';
import { createTestRegister, type TestRegister } from '../../../test/support/test-register.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { BUILT_IN_POLICY } from '../../domain/policy/built-in-policy.ts';
import { DAY, formatInstant, HOUR } from '../../domain/schedule/instant.ts';
import { encodeCursor } from '../../platform/http/cursor.ts';
import type { ExceptionFilter } from './exception-filter.ts';
import { SORTS, type SortColumn } from './exception-list-query.ts';
import { exceptionStream } from './exception-store.ts';
import { ExceptionViews } from './exception-views.ts';

const OTHER = {
  ...COMPLETE,
  title: "Quarterly audit: keep the legacy header, it's needed",
  category: 'release',
  environment: 'dev',
  data_classification: 'public',
  impact: 'Low',
  control: 'firewall',
  requestor: { name: 'Zoë Brandt' },
  owners: [
    { name: 'D. Okafor', email: 'D.Okafor@Example.com' },
    { name: 'B. Osei', email: 'osei@example.com' },
  ],
  services: ['checkout', 'ledger api'],
  policy_ref: ['03-apis/API-Governance#security', 'guide#part'],
  adr_id: 'ADR-0042',
  ticket_id: 'SEC-1421',
  external_ids: ['INC123456'],
  justification: 'Straße nach Zürich',
} as const satisfies ExceptionFields;

let register: TestRegister;
let views: ExceptionViews;
/** The ids of the records of these tests, by a name for each. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  register = await createTestRegister();
  views = new ExceptionViews(register.db, samePolicy(BUILT_IN_POLICY));
  await setClock(START + DAY);
  await store([
    ['webhook', given({ services: ['webhook'] }).state],
    ['audit', given(OTHER).state],
    ['bare', { ...given().state, fields: { title: 'Nothing else is known' } }],
  ]);
});

afterAll(() => register?.drop());

describe('a filter', () => {
  it.each<[ExceptionFilter, string[]]>([
    [{ category: ['release'] }, ['audit']],
    [{ category: ['release', 'authz'] }, ['audit', 'webhook']],
    [{ control: ['firewall'] }, ['audit']],
    [{ environment: ['prod'] }, ['webhook']],
    [{ data_classification: ['public', 'restricted'] }, ['audit', 'webhook']],
    [{ severity: ['High'] }, ['webhook']],
    [{ severity: ['Low'] }, ['audit']],
    [{ kind: ['time-boxed'] }, ['audit', 'bare', 'webhook']],
    [{ kind: ['permanent'] }, []],
    [{ requestor: ['RIVERA@example.com'] }, ['webhook']],
    [{ requestor: ['zoë brandt'] }, ['audit']],
    [{ owner: ['d.okafor@example.COM'] }, ['audit']],
    [{ owner: ['osei@example.com'] }, ['audit', 'webhook']],
    [{ service: ['checkout', 'webhook'] }, ['audit', 'webhook']],
    [{ service: ['Checkout'] }, []],
    [{ policy_ref: ['guide#part'] }, ['audit']],
    [{ service: ['checkout'], environment: ['prod'] }, []],
    [{}, ['audit', 'bare', 'webhook']],
  ])('%j', async (filter, names) => {
    expect(await found(filter)).toEqual(names);
  });
});

describe('a search', () => {
  it.each([
    ['webhook', ['webhook']],
    ['WEBHOOK supplier', ['webhook']],
    ['webhook audit', []],
    ['quarter', ['audit']],
    ["it's", ['audit']],
    ['ADR-0217', ['webhook']],
    ['adr-00', ['audit']],
    ['SEC-1421', ['audit']],
    ['inc123', ['audit']],
    ['osei@example.com', ['audit', 'webhook']],
    ['Osei', ['audit', 'webhook']],
    ['zür', ['audit']],
    ['zoë', ['audit']],
    ['checkout', ['audit']],
    ['re-ingest', ['webhook']],
    ['header, legacy', ['audit']],
    ['nothing', ['bare']],
    ['nowhere', []],
    ['---', []],
    ['', []],
    ['   ', []],
  ])('for %j', async (q, names) => {
    expect(await found({ q })).toEqual(names);
  });

  it('for an id', async () => {
    expect(await found({ q: ids.audit ?? '' })).toEqual(['audit']);
    expect(await found({ q: (ids.audit ?? '').slice(0, 12) })).toHaveLength(3);
  });

  it('for whatever else people type is an answer', async () => {
    const typed = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom(
          "'",
          '\\',
          '&',
          '|',
          '!',
          ':',
          '*',
          '<->',
          '(',
          ')',
          ' ',
          'a',
          '%',
          '"',
        ),
        maxLength: 20,
      }),
    );
    const texts = fc
      .sample(typed, { numRuns: 200, seed: 7 })
      .filter((text) => text.isWellFormed() && !text.includes('\u0000'));
    for (const q of texts) expect(await found({ q })).toBeInstanceOf(Array);
  });
});

describe('a page', () => {
  const TIES = 40;

  beforeAll(async () => {
    // Few different titles and times, so that most places in a list are shared by several records.
    const states = Array.from({ length: TIES }, (_, index) => {
      const title = `tied ${'abc'[index % 3]}`;
      const end = formatInstant(START + (20 + (index % 4)) * DAY);
      const { state } =
        index % 5 ? inStatus('Active', { title, expires_at: end }) : given({ title });
      const later = (index % 2) * HOUR;
      return [
        `tied-${index}`,
        { ...state, created_at: START + later, updated_at: START + later },
      ] as const;
    });
    await store(states);
  });

  const lists = SORTS.flatMap((sort) => [false, true].map((descending) => ({ sort, descending })));

  it.each(lists)(
    'after page gives the whole list: $sort, descending: $descending',
    async ({ sort, descending }) => {
      const whole = await list({ sort, descending, limit: 1_000 });
      expect(whole.next_cursor).toBeNull();
      expect(idsOf(whole)).toEqual(sorted(whole, sort, descending));
      expect(whole.total).toBe(TIES + 3);

      for (const limit of [1, 7, TIES + 2, TIES + 3]) {
        const pages: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await list({ sort, descending, limit, cursor });
          expect(page.items.length).toBeLessThanOrEqual(limit);
          pages.push(...idsOf(page));
          cursor = page.next_cursor ?? undefined;
        } while (cursor);
        expect(pages).toEqual(idsOf(whole));
      }
    },
  );

  it('goes on within the filter', async () => {
    const filter = { status: ['Active' as const] };
    const first = await list({ sort: 'title', descending: false, limit: 20, filter });
    const rest = await list({
      sort: 'title',
      descending: false,
      limit: 20,
      filter,
      cursor: first.next_cursor ?? '',
    });
    expect(new Set([...idsOf(first), ...idsOf(rest)]).size).toBe((TIES * 4) / 5);
    expect(rest.next_cursor).toBeNull();
  });

  it.each<[string, ExceptionFilter]>([
    ['an owner', { owner: ['osei@example.com'] }],
    ['a search', { q: 'tied' }],
    ['the ends of a span of time', { expires_before: START + 23 * DAY }],
    ['the ends of what is open', { expiring_within: 21 }],
    ['a search within a span of time', { q: 'tied', expires_after: START + 21 * DAY }],
  ])('after page gives the whole list that is gathered by %s', async (_, filter) => {
    for (const { sort, descending } of lists) {
      const whole = await list({ sort, descending, limit: 1_000, filter });
      expect(idsOf(whole)).toEqual(sorted(whole, sort, descending));
      expect(whole.total).toBe(whole.items.length);
      expect(whole.total).toBeGreaterThan(7);

      const pages: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await list({ sort, descending, limit: 7, cursor, filter });
        expect(page.total).toBe(whole.total);
        pages.push(...idsOf(page));
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      expect(pages).toEqual(idsOf(whole));
    }
  });

  it('after the last record is empty, and says how many there are', async () => {
    const filter = { q: 'tied' };
    const cursor = encodeCursor('title', 'tied d', 'EXC_');
    const page = await list({ sort: 'title', descending: false, limit: 7, cursor, filter });
    expect(page).toMatchObject({ items: [], next_cursor: null, total: TIES });
  });

  it('takes no cursor of a list that is sorted otherwise', async () => {
    const { next_cursor } = await list({ sort: 'title', descending: false, limit: 1 });
    const wrong = list({
      sort: 'created_at',
      descending: false,
      limit: 1,
      cursor: next_cursor ?? '',
    });
    await expect(wrong).rejects.toMatchObject({
      code: 'invalid-request',
      errors: [{ path: 'cursor' }],
    });
  });
});

type Page = Awaited<ReturnType<ExceptionViews['list']>>;

function list(request: {
  sort: SortColumn;
  descending: boolean;
  limit: number;
  cursor?: string | undefined;
  filter?: ExceptionFilter;
}): Promise<Page> {
  return views.list(fully(register.tenantId), { filter: {}, exactCount: false, ...request });
}

function idsOf({ items }: Page): string[] {
  return items.map(({ state }) => state.exception_id);
}

/** The same records in the order that the list has to have, sorted here. */
function sorted({ items }: Page, sort: SortColumn, descending: boolean): string[] {
  const place = ({ state }: Page['items'][number]) => {
    const { fields, created_at, updated_at } = state;
    const ends = {
      title: fields.title,
      created_at,
      updated_at,
      expires_at: state.expires_at ?? Number.POSITIVE_INFINITY,
    };
    return ends[sort];
  };
  const byPlace = items.toSorted((a, b) => {
    const [one, other] = [place(a), place(b)];
    if (one !== other) return one < other ? -1 : 1;
    return a.state.exception_id < b.state.exception_id ? -1 : 1;
  });
  const ordered = descending ? byPlace.toReversed() : byPlace;
  return ordered.map(({ state }) => state.exception_id);
}

/** The names of the records that a filter finds, in order; the tied ones left out. */
async function found(filter: ExceptionFilter): Promise<string[]> {
  const page = await list({ filter, sort: 'title', descending: false, limit: 1_000 });
  const names = Object.entries(ids).filter(([, id]) => idsOf(page).includes(id));
  return names
    .map(([name]) => name)
    .filter((name) => !name.startsWith('tied'))
    .sort();
}

async function store(named: readonly (readonly [string, ExceptionState])[]): Promise<void> {
  const first = Object.keys(ids).length;
  const changes = named.map(([name, state], index) => {
    const id = `EXC_01J6M9M5Y0Q2H6W2QF${String(first + index).padStart(8, '0')}`;
    ids[name] = id;
    const record = { ...state, exception_id: id };
    return { tenantId: register.tenantId, id, version: 1, state: record, previous: undefined };
  });
  await register.db.inTenant(fully(register.tenantId), async (tx) =>
    exceptionStream.write(tx, changes),
  );
}

async function setClock(now: number): Promise<void> {
  const client = new pg.Client(register.admin);
  await client.connect();
  await client.query(
    `UPDATE lapse.test_clock SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
    [now],
  );
  await client.end();
}
