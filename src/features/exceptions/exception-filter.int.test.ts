import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fully } from '../../../test/support/fully.ts';
import { GRANTS, given, inStatus, START } from '../../../test/support/given.ts';
import { beginnings, moves, tell } from '../../../test/support/random-story.ts';
import { createTestRegister, type TestRegister } from '../../../test/support/test-register.ts';
import { isInForce, nextDue } from '../../domain/exception/advance.ts';
import { stateAt } from '../../domain/exception/catch-up.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { STATUSES, type Status } from '../../domain/exception/status.ts';
import { BUILT_IN_POLICY } from '../../domain/policy/built-in-policy.ts';
import { DAY, formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import { sqlBuilder } from '../../platform/db/query-builder.ts';
import { type ExceptionFilter, filterConditions } from './exception-filter.ts';
import { countQuery, gatheredQuery, type ListOrder, pageQuery } from './exception-list-query.ts';
import { exceptionStream } from './exception-store.ts';
import {
  exceptionSummary,
  type SummaryRow,
  summaryColumns,
  summaryOfRow,
} from './exception-summary.ts';
import { wholeColumns } from './exception-views.ts';
import { toAnswer } from './exception-wire.ts';

const SEED = 20_260_101;
const STORIES = 600;
const INSTANTS = 80;
const OPEN: readonly Status[] = ['Active', 'Expiring', 'Extended', 'Expired'];

let register: TestRegister;
const records = new Map<string, ExceptionState>();

beforeAll(async () => {
  register = await createTestRegister();
  const stories = fc.sample(fc.tuple(beginnings, moves), { numRuns: STORIES, seed: SEED });
  const states = [
    ...stories.map(([beginning, tried]) => tell(beginning, tried).at(-1)?.state),
    ...awkward(),
  ];
  states.forEach((state, index) => {
    const exception_id = `EXC_${String(index).padStart(26, '0')}`;
    if (state) records.set(exception_id, { ...state, exception_id });
  });
  await register.db.inTenant(fully(register.tenantId), async (tx) => {
    const changes = [...records].map(([id, state]) => ({
      tenantId: register.tenantId,
      id,
      version: 1,
      state,
      previous: undefined,
    }));
    exceptionStream.write(tx, changes);
  });
});

afterAll(() => register?.drop());

describe('the SQL filters say what the domain says', () => {
  it('of records in every status, stored and seen', () => {
    const stored = new Set([...records.values()].map(({ status }) => status));
    expect([...stored].sort()).toEqual([...STATUSES].sort());
    const seen = new Set<Status>();
    for (const now of instants()) for (const { status } of at(now).values()) seen.add(status);
    expect([...seen].sort()).toEqual([...STATUSES].sort());
  });

  it('of every status at any instant, whenever the last sweep was', async () => {
    for (const now of instants()) {
      const expected = at(now);
      const found = await Promise.all(
        STATUSES.map(
          async (status) => [status, await matching({ status: [status] }, now)] as const,
        ),
      );
      for (const [status, ids] of found) {
        const right = [...expected].filter(([, state]) => state.status === status);
        expect({ status, now, ids }).toEqual({ status, now, ids: right.map(([id]) => id) });
      }
    }
  });

  it('of each record in short, as the whole record says it', async () => {
    const { tenantId } = register;
    const moved = new Set<string>();
    for (const now of instants().slice(0, INSTANTS / 2)) {
      const selection = { tenantId, filter: {}, now, gathering: undefined };
      const query = pageQuery<SummaryRow>(selection, everything(), summaryColumns(now));
      const rows = await register.db.inTenant(fully(tenantId), (tx) => tx.execute(query));
      const expected = at(now);
      for (const row of rows) {
        const state = expected.get(row.exception_id);
        if (!state) continue;
        if (row.state) moved.add(state.status);
        const whole = exceptionSummary.strip().parse(toAnswer(state, 1, tenantId, now));
        // What catches up without another status, as an escalation does, shows with the next event.
        const written = formatInstant(records.get(row.exception_id)?.updated_at ?? 0);
        if (!row.state) whole.updated_at = written;
        expect(summaryOfRow(row, now, BUILT_IN_POLICY)).toEqual(whole);
      }
    }
    expect([...moved]).toEqual(expect.arrayContaining(['Expiring', 'Expired', 'Closed']));
  });

  it('of what is open, overdue, and about to end', async () => {
    for (const now of instants().slice(0, INSTANTS / 4)) {
      const expected = at(now);
      const where = (is: (state: ExceptionState) => boolean) =>
        [...expected].filter(([, state]) => is(state)).map(([id]) => id);
      const open = (state: ExceptionState) => OPEN.includes(state.status);
      const overdue = (state: ExceptionState) => state.status === 'Expired';
      expect(await matching({ open: true }, now)).toEqual(where(open));
      expect(await matching({ open: false }, now)).toEqual(where((state) => !open(state)));
      expect(await matching({ overdue: true }, now)).toEqual(where(overdue));
      expect(await matching({ overdue: false }, now)).toEqual(where((state) => !overdue(state)));
      for (const days of [0, 1, 7, 30]) {
        const soon = (state: ExceptionState) =>
          isInForce(state, now) && (state.expires_at ?? 0) <= now + days * DAY;
        expect(await matching({ expiring_within: days }, now)).toEqual(where(soon));
      }
    }
  });

  it('of several statuses at once, and of other conditions beside them', async () => {
    const [now = START] = instants();
    const status: Status[] = ['Active', 'Expired'];
    const expected = [...at(now)].filter(
      ([, { status: is, fields }]) => status.includes(is) && fields.control === 'firewall',
    );
    expect(await matching({ status, control: ['firewall'] }, now)).toEqual(
      expected.map(([id]) => id),
    );
  });

  it('of a search, beside other conditions too', async () => {
    expect((await all({ q: 'EXC' }, START)).length).toBe(records.size);
    const [, first = ''] = records.keys();
    expect(await all({ q: first }, START)).toEqual([first]);
    const open = await all({ open: true }, START);
    expect(open.length).toBeGreaterThan(0);
    expect(await all({ q: 'EXC', open: true }, START)).toEqual(open);
    expect(await all({ q: 'nowhere' }, START)).toEqual([]);
    expect(await all({ q: '?!' }, START)).toEqual([]);
    expect(await all({ status: ['Draft'], open: true }, START)).toEqual([]);
  });

  it('of the end that was fixed, or asked for', async () => {
    const now = START;
    const day = START + 10 * DAY;
    const end = ({ expires_at, fields }: ExceptionState) =>
      expires_at === undefined ? fields.expires_at : formatInstant(expires_at);
    const where = (is: (text: string) => boolean) =>
      [...records].filter(([, state]) => is(end(state) ?? '')).map(([id]) => id);
    const at = formatInstant(day);
    expect(await all({ expires_before: day }, now)).toEqual(
      where((text) => text !== '' && text < at),
    );
    expect(await all({ expires_after: day }, now)).toEqual(where((text) => text > at));
  });
});

/** Records whose times meet: what is due at one instant in more than one way. */
function awkward(): ExceptionState[] {
  const waiting = given({ effective_from: formatInstant(START + 5 * DAY), grants: GRANTS })
    .submitted()
    .approved()
    .confirmed();
  const hour = given({ requested_duration: 'PT1H' }).submitted().approved();
  const linked = inStatus('Active').with({
    type: 'LinkRenewal',
    renewal_id: 'EXC_2',
    takes_over_at: START + 90 * DAY,
  });
  return [
    ...STATUSES.map((status) => inStatus(status).state),
    waiting.state,
    hour.state,
    hour.confirmed().state,
    linked.state,
    linked.after(61 * DAY).state,
  ];
}

/** Random instants, and those at which something happens to some record, and a millisecond around. */
function instants(): Instant[] {
  const turning = [...records.values()].flatMap((state) => [
    state.effective_from,
    state.expires_at,
    state.request?.lapses_at,
    nextDue(state),
    state.closed?.archives_at,
    ...state.reminders,
  ]);
  const known = turning.filter((instant) => instant !== undefined);
  const anyTime = fc.oneof(
    fc.integer({ min: START, max: START + 400 * DAY }),
    fc
      .tuple(fc.nat(known.length - 1), fc.constantFrom(-1, 0, 1))
      .map(([index, shift]) => (known[index] ?? START) + shift),
  );
  return fc.sample(anyTime, { numRuns: INSTANTS, seed: SEED });
}

/** Every record that exists by then, as the domain sees it; in order of id. */
function at(now: Instant): Map<string, ExceptionState> {
  const existing = [...records].filter(([, state]) => state.updated_at <= now);
  return new Map(existing.map(([id, state]) => [id, stateAt(state, now, BUILT_IN_POLICY)]));
}

async function matching(filter: ExceptionFilter, now: Instant): Promise<string[]> {
  const ids = await all(filter, now);
  return ids.filter((id) => (records.get(id)?.updated_at ?? 0) <= now);
}

/** The ids: as an export has them, and the same as a list finds them either way. */
async function all(filter: ExceptionFilter, now: Instant): Promise<string[]> {
  const { tenantId } = register;
  const query = sqlBuilder
    .selectFrom('exceptions')
    .select('exception_id')
    .where((eb) => eb.and(filterConditions(eb, filter, now)))
    .orderBy('exception_id')
    .compile();
  const selection = { tenantId, filter, now, gathering: undefined };
  const order = everything();
  const gatherings = filter.q === undefined ? GATHERINGS : ([...GATHERINGS, 'search'] as const);
  const [rows, [count], page, ...gathered] = await register.db.inTenant(fully(tenantId), (tx) =>
    Promise.all([
      tx.execute(query),
      tx.execute(countQuery(selection)),
      tx.execute(pageQuery(selection, order, wholeColumns())),
      ...gatherings.map((gathering) =>
        tx.execute(gatheredQuery({ ...selection, gathering }, order, wholeColumns())),
      ),
    ]),
  );
  const ids = rows.map(({ exception_id }) => exception_id);
  expect(count?.total).toBe(ids.length);
  expect(page.map(({ exception_id }) => exception_id).sort()).toEqual(ids);
  for (const found of gathered) {
    expect(found[0]).toMatchObject({ total: ids.length, too_many: false });
    const present = found.map(({ exception_id }) => exception_id).filter((id) => id !== null);
    expect(present.sort()).toEqual(ids);
  }
  return ids;
}

const GATHERINGS = ['narrow', 'ends'] as const;

function everything(): ListOrder {
  return { sort: 'title', descending: false, limit: records.size, after: undefined };
}
