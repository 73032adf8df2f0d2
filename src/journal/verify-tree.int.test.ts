import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectFindings } from './verify-expectations.fixture.ts';
import { TamperedRegister } from './verify-tampering.fixture.ts';

let lab: TamperedRegister;
/** A record whose entries lie before the first checkpoint, and one of its entries. */
let id: string;
let index: number;
/** Size at the first checkpoint. */
let first: number;

beforeAll(async () => {
  lab = await TamperedRegister.create();
  id = lab.lives[3]?.id ?? '';
  ({ index } = await lab.entryOf(id, 4));
  [first] = lab.signedAt;
});
afterAll(() => lab.close());

const stream = () => `exception:${id}`;

describe('given a tree that is not over its entries', () => {
  test('when a node is another or is gone, then its tile is named', async () => {
    await expectFindings(
      lab,
      () => lab.sql(`UPDATE lapse.ledger_nodes SET hash = sha256('x')`),
      [{ code: 'node-mismatch', from: 0, to: 256 }],
      0,
    );
    await expectFindings(
      lab,
      () => lab.sql('DELETE FROM lapse.ledger_nodes'),
      // The sequencer, too, has to know the tree that was signed.
      [{ code: 'sequencing-failed' }, { code: 'node-missing', from: 0, to: 256 }],
      0,
    );
    await expectFindings(
      lab,
      () =>
        lab.sql(
          'INSERT INTO lapse.ledger_nodes SELECT tenant_id, 2, 0, hash FROM lapse.ledger_nodes',
        ),
      [{ code: 'node-stray' }],
      null,
    );
  });

  test.each([
    ['root', `root = sha256('x')`],
    ['frontier', `frontier = set_byte(frontier, 9, (get_byte(frontier, 9) + 1) % 256)`],
  ])('when the %s of a head is another, then its entries are named', (_, change) =>
    expectFindings(
      lab,
      () => lab.sql(`UPDATE lapse.ledger_heads SET ${change} WHERE size = $1`, [first]),
      [{ code: 'head-mismatch', from: 0, to: first }],
      0,
    ),
  );

  test('when a leaf in the middle is gone, then its index and its event are named', () =>
    expectFindings(
      lab,
      () => lab.sql('DELETE FROM lapse.ledger_leaves WHERE ledger_index = $1', [index]),
      [
        { code: 'leaf-missing', index },
        { code: 'event-unsequenced', stream: stream(), version: 4 },
      ],
      index,
    ));

  test('when the newest leaves alone are gone, then heads and checkpoints reach beyond', async () => {
    const result = await lab.whileTampered(() =>
      lab.sql('DELETE FROM lapse.ledger_leaves WHERE ledger_index >= $1', [first]),
    );
    expect(result.first_failing).toBe(first);
    const codes = new Set(result.findings.map(({ code }) => code));
    expect(codes).toEqual(
      new Set([
        'ledger-cut-off',
        'event-unsequenced',
        'head-beyond-tree',
        'checkpoint-beyond-tree',
      ]),
    );
    expect(await lab.verify()).toMatchObject({ ok: true });
  });
});
