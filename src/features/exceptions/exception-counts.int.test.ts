import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fully } from '../../../test/support/fully.ts';
import { ALL_EVIDENCE, COMPLETE, REQUESTOR, START } from '../../../test/support/given.ts';
import { createTestApi } from '../../../test/support/test-api.ts';
import { BUILT_IN_POLICY } from '../../domain/policy/built-in-policy.ts';
import { DAY, formatInstant, HOUR, type Instant } from '../../domain/schedule/instant.ts';
import { CountingLab } from './counting-lab.fixture.ts';
import { counted } from './exception-counts.fixture.ts';
import { draftAll } from './exception-drafts.ts';

let lab: CountingLab;
beforeAll(async () => {
  lab = new CountingLab(await createTestApi());
});
afterAll(() => lab?.api.close());

describe('ages', () => {
  const noon = START + 12 * HOUR;

  test('pass each limit at the very millisecond, whatever was activated on the same day', async () => {
    const tenantId = await lab.newTenant(noon - HOUR);
    for (const at of [noon - HOUR, noon, noon + HOUR]) {
      await lab.setClock(at);
      await lab.active(tenantId);
    }
    const activated = await lab.api.admin.query<{ at: string }>(
      'SELECT (extract(epoch FROM activated_at) * 1000)::bigint AS at FROM lapse.exceptions WHERE tenant_id = $1 ORDER BY 1',
      [tenantId],
    );
    const middle = Number(activated.rows[1]?.at);
    for (const late of [true, false]) {
      for (const days of [31, 61, 91]) {
        for (const shift of [-13 * HOUR, -1, 0, 1, 13 * HOUR]) {
          const now = middle + days * DAY + shift;
          if (!late) {
            await lab.setClock(now);
            await lab.sweep();
          }
          const older = await olderThan(tenantId, now, days - 1);
          expect({ days, shift, older }).toEqual({
            days,
            shift,
            older: shift <= -HOUR ? 0 : shift === -1 ? 1 : shift < HOUR ? 2 : 3,
          });
        }
      }
    }
  });

  /** How many are older than so many days, counted at an instant that stands still. */
  async function olderThan(tenantId: string, now: Instant, days: number): Promise<number> {
    return lab.api.register.db.inTenant(fully(tenantId), async (tx) => {
      const stopped = {
        now: Promise.resolve(now),
        query: tx.query.bind(tx),
        execute: tx.execute.bind(tx),
        atCommit: tx.atCommit.bind(tx),
      };
      const buckets = ['days_31_60', 'days_61_90', 'days_over_90'].slice(days / 30 - 1);
      const all = Object.entries(await counted(stopped, tenantId));
      return all
        .filter(([part]) => buckets.some((bucket) => part.startsWith(`age ${bucket} `)))
        .reduce((sum, [, count]) => sum + count, 0);
    });
  }
});

describe('what happens at once', () => {
  test('commands, sweeps and batches of several replicas leave nothing uncounted', async () => {
    const tenantId = await lab.newTenant();
    const soon = { requested_duration: 'P1D' };
    await Promise.all(Array.from({ length: 12 }, () => lab.active(tenantId, soon)));
    await lab.setClock(START + 2 * DAY);
    const others = Array.from({ length: 12 }, (_, n) =>
      lab.active(tenantId, { category: n % 2 ? 'ai' : 'data' }),
    );
    const workers = Array.from({ length: 4 }, async () => {
      for (let round = 0; round < 5; round += 1) await Promise.all([lab.sweep(), lab.addUp()]);
    });
    await Promise.all([...others, ...workers]);
    await lab.expectExact(tenantId);
    await lab.addAllUp();
    await lab.expectExact(tenantId);
  });

  test('a command that is refused, or fails on its way, counts for nothing', async () => {
    const tenantId = await lab.newTenant();
    const id = await lab.active(tenantId);
    const caller = { ...fully(tenantId), actor: REQUESTOR };
    const { service } = lab.api.lapse.exceptions;
    await expect(service.execute(caller, id, { type: 'SubmitException' })).rejects.toThrow();
    await expect(
      lab.api.register.db.inTenant(fully(tenantId), async (tx) => {
        await draftAll(tx, BUILT_IN_POLICY, tenantId, REQUESTOR, [{ fields: COMPLETE }]);
        tx.atCommit('SELECT 1 / $1::int', [0]);
      }),
    ).rejects.toThrow('division by zero');
    await lab.expectExact(tenantId);
  });
});

describe('the deltas', () => {
  const deltas = (tenantId: string) =>
    lab.api.admin.query('SELECT change FROM lapse.exception_count_deltas WHERE tenant_id = $1', [
      tenantId,
    ]);

  test('are none where nothing that is counted changes', async () => {
    const tenantId = await lab.newTenant();
    const { exception_id: id } = await lab.draft(tenantId);
    await lab.addAllUp();
    await lab.execute(tenantId, REQUESTOR, id, {
      type: 'EditException',
      changes: { title: 'x' },
    });
    expect((await deltas(tenantId)).rows).toEqual([]);
    await lab.execute(tenantId, REQUESTOR, id, {
      type: 'EditException',
      changes: { category: 'ai' },
    });
    expect((await deltas(tenantId)).rows.map(({ change }) => change).sort()).toEqual([-1, 1]);
  });

  test('of a whole sweep are as few as the kinds of records in it', async () => {
    const tenantId = await lab.newTenant();
    await Promise.all(
      Array.from({ length: 30 }, () => lab.active(tenantId, { requested_duration: 'P1D' })),
    );
    await lab.addAllUp();
    await lab.setClock(START + 2 * DAY);
    await lab.sweep();
    expect((await deltas(tenantId)).rows.map(({ change }) => change).sort()).toEqual([-30, 30]);
    await lab.expectExact(tenantId);
  });

  test('leave no empty counts behind', async () => {
    const tenantId = await lab.newTenant();
    const id = await lab.active(tenantId);
    await lab.addAllUp();
    await lab.execute(tenantId, REQUESTOR, id, {
      type: 'CloseException',
      evidence: ALL_EVIDENCE,
    });
    await lab.addAllUp();
    const { rows } = await lab.api.admin.query(
      'SELECT facet, status, count FROM lapse.exception_counts WHERE tenant_id = $1 ORDER BY facet',
      [tenantId],
    );
    const closed = { status: 'Closed', count: '1' };
    expect(rows).toEqual(
      ['category', 'environment', 'renewal'].map((facet) => ({ facet, ...closed })),
    );
  });
});

test('a record in quarantine counts as what it is by now', async () => {
  const tenantId = await lab.newTenant();
  const id = await lab.active(tenantId);
  await lab.api.admin.query(
    'UPDATE lapse.exception_deadlines SET quarantined_at = now() WHERE exception_id = $1',
    [id],
  );
  await lab.setClock(START + 100 * DAY);
  await lab.sweep();
  expect(await lab.counted(tenantId)).toMatchObject({
    'category authz Expired High': 1,
  });
  await lab.expectExact(tenantId);
});

test('a start that no sweep has seen is when the age begins', async () => {
  const tenantId = await lab.newTenant();
  await lab.active(tenantId, { effective_from: formatInstant(START + 5 * DAY) });
  for (const days of [1, 5, 35, 36, 70, 80]) {
    await lab.setClock(START + days * DAY);
    await lab.expectExact(tenantId);
  }
});
