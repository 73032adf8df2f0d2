import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TamperedRegister } from './verify-tampering.fixture.ts';

let lab: TamperedRegister;

beforeAll(async () => {
  lab = await TamperedRegister.create();
});
afterAll(() => lab.close());

describe('given garbage that no constraint keeps out', () => {
  const AT = 'WHERE ledger_index = 7';
  const OF = "WHERE stream_type = 'exception' AND version = 2";
  test.each([
    `UPDATE lapse.events SET stream_type = 'Ä:b' ${OF}`,
    `UPDATE lapse.events SET stream_id = stream_id || ':' ${OF}`,
    `UPDATE lapse.events SET envelope = '' ${OF}`,
    `UPDATE lapse.events SET envelope = decode(repeat('7b', 200000), 'hex') ${OF}`,
    `UPDATE lapse.event_payloads SET payload = ''`,
    `UPDATE lapse.event_payloads SET payload = repeat('ü', 100000)`,
    `UPDATE lapse.exceptions SET state = 'null'`,
    `UPDATE lapse.exceptions SET fields = 'null'`,
    `UPDATE lapse.exceptions SET state = '[[]]', title = ''`,
    `UPDATE lapse.tokens SET state = '7'`,
    `UPDATE lapse.ledger_heads SET frontier = ''`,
    `UPDATE lapse.ledger_checkpoints SET note = ''`,
    `UPDATE lapse.ledger_checkpoints SET note = repeat('x', 2000000)`,
    `UPDATE lapse.ledger_keys SET origin = 'a b'`,
    `UPDATE lapse.ledger_leaves SET stream_id = 'x' ${AT}`,
    `UPDATE lapse.ledger_leaves SET ledger_index = 9007199254740990 ${AT}`,
    'DELETE FROM lapse.ledger_leaves',
    'DELETE FROM lapse.events',
    'TRUNCATE lapse.ledger_heads, lapse.ledger_nodes, lapse.ledger_leaves, lapse.ledger_checkpoints',
  ])('when %s runs, then there is a finding and no error', async (change) => {
    const result = await lab.whileTampered(() => lab.sql(change));
    expect(result.ok).toBe(false);
    expect(result.findings.length).toBe(Math.min(100, result.finding_count));
    expect(await lab.verify()).toMatchObject({ ok: true });
  });

  test('when constraints are dropped, then what they kept out is found', async () => {
    const young = await TamperedRegister.create();
    await young.sql(
      'ALTER TABLE lapse.ledger_leaves DROP CONSTRAINT ledger_leaves_leaf_hash_check',
    );
    await young.sql(`UPDATE lapse.ledger_leaves SET leaf_hash = 'x' ${AT}`);
    expect(await young.verify()).toMatchObject({ ok: false, first_failing: 7 });
    await young.sql('ALTER TABLE lapse.events DROP CONSTRAINT events_pkey');
    await young.sql('DROP INDEX lapse.events_by_id');
    await young.sql(`INSERT INTO lapse.events SELECT * FROM lapse.events ${OF}`);
    expect((await young.verify()).findings.map(({ code }) => code)).toContain('stream-gap');
    await young.close();
  });
});
