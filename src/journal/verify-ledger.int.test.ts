import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectFindings, placesOf } from './verify-expectations.fixture.ts';
import { manyLives, recordLives } from './verify-ledger.fixture.ts';
import { TamperedRegister } from './verify-tampering.fixture.ts';

let lab: TamperedRegister;
/** An event that is in the tree. */
let eventId: string;
/** Size at the newest checkpoint. */
let newest: number;

beforeAll(async () => {
  lab = await TamperedRegister.create();
  ({ eventId } = await lab.entryOf(lab.lives[3]?.id ?? '', 4));
  [, newest] = lab.signedAt;
});
afterAll(() => lab.close());

describe('given a ledger that nobody touched', () => {
  test('when it is verified, then everything in it is checked and holds', async () => {
    const [head] = await lab.sql<{ root: Buffer }>(
      'SELECT root FROM lapse.ledger_heads ORDER BY size DESC LIMIT 1',
    );
    const [counts] = await lab.sql<{ events: string; streams: string }>(
      'SELECT count(*) AS events, count(DISTINCT stream_id) AS streams FROM lapse.events',
    );
    const progress: object[] = [];
    const result = await lab.verify({ onProgress: (step) => progress.push(step) });
    expect(result).toEqual({
      ok: true,
      size: newest,
      root: head?.root.toString('base64'),
      entries: Number(counts?.events),
      streams: Number(counts?.streams),
      pending: 0,
      retired: 0,
      checkpoints: 3,
      epochs: [],
      first_failing: null,
      findings: [],
      finding_count: 0,
      seconds: expect.any(Number),
    });
    expect(progress.at(0)).toEqual({ entries: 0, total: newest });
    expect(progress.at(-1)).toEqual({ entries: newest, total: newest });
  });

  test('when others write meanwhile, then only what stood at the beginning counts', () =>
    lab.undoing(async () => {
      const { db } = lab.register;
      let writing: Promise<unknown> = Promise.resolve();
      const onProgress = ({ entries }: { entries: number }) => {
        if (entries === 0) writing = recordLives(db, lab.tenantId, manyLives(2));
      };
      const during = await lab.verify({ onProgress });
      expect(during).toMatchObject({ ok: true, size: newest, pending: 0 });
      await writing;
      expect(await lab.verify()).toMatchObject({ ok: true, size: newest + 28, pending: 0 });
    }));
});

describe('given entries that never reach the tree', () => {
  const newRecord = async () => {
    const [life] = manyLives(1, 1);
    if (life) await recordLives(lab.register.db, lab.tenantId, [life]);
    return life?.id ?? '';
  };

  test('when a pending row is gone, then the event that is left out is named', () =>
    lab.undoing(async () => {
      const added = await newRecord();
      await lab.sql('DELETE FROM lapse.ledger_pending');
      const result = await lab.verify();
      expect(placesOf(result.findings)).toEqual([
        { code: 'event-unsequenced', stream: `exception:${added}`, version: 1 },
      ]);
    }));

  test('when the sequencer leaves out what waited before, then that is named', () =>
    lab.undoing(async () => {
      const settled = { outside: [], waitedBefore: [], problem: undefined };
      // What is committed after the sequencer has run waits rightly.
      let added = '';
      const late = await lab.verify({ settled }, async () => {
        added = await newRecord();
      });
      expect(late).toMatchObject({ ok: true, pending: 1, entries: newest + 1, size: newest });
      const [pending] = await lab.sql<{ event_id: string }>(
        'SELECT event_id FROM lapse.ledger_pending',
      );
      const waitedBefore = [pending?.event_id ?? ''];
      const stuck = await lab.verify({ settled: { ...settled, waitedBefore } }, async () => {});
      expect(placesOf(stuck.findings)).toEqual([
        { code: 'event-pending', stream: `exception:${added}`, version: 1 },
      ]);
    }));

  test('when a pending row has no event, or the sequencer fails, then that is said', async () => {
    await expectFindings(
      lab,
      () =>
        lab.sql(`INSERT INTO lapse.ledger_pending (tenant_id, event_id) VALUES ($1, 'gone')`, [
          lab.tenantId,
        ]),
      [{ code: 'pending-without-event' }],
      null,
    );
    // An event that is in the tree already cannot be taken in again.
    await expectFindings(
      lab,
      () =>
        lab.sql('INSERT INTO lapse.ledger_pending (tenant_id, event_id) VALUES ($1, $2)', [
          lab.tenantId,
          eventId,
        ]),
      [{ code: 'sequencing-failed' }],
      null,
    );
  });
});
