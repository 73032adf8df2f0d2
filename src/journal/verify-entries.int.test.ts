import { afterAll, beforeAll, describe, test } from 'vitest';
import { leafHash } from '../domain/ledger/hash.ts';
import { MerkleFrontier } from '../domain/ledger/merkle-frontier.ts';
import { nativeSha256 } from './event-codec.ts';
import { expectFindings } from './verify-expectations.fixture.ts';
import { TamperedRegister } from './verify-tampering.fixture.ts';

let lab: TamperedRegister;
/** A record whose entries lie before the first checkpoint, and one of its entries. */
let id: string;
let index: number;
let eventId: string;
/** Sizes of the first and the newest checkpoint. */
let first: number;
let newest: number;
/** The name of the note outside the database. */
let note: string;

beforeAll(async () => {
  lab = await TamperedRegister.create();
  id = lab.lives[3]?.id ?? '';
  ({ index, eventId } = await lab.entryOf(id, 4));
  [first, newest] = lab.signedAt;
  note = await lab.newestNote();
});
afterAll(() => lab.close());

const PAYLOAD = 'WHERE stream_id = $1 AND version = 4';
const stream = () => `exception:${id}`;
/** What follows from an envelope that is another than when its leaf was taken in. */
const otherTree = () => [
  { code: 'checkpoint-mismatch', from: 0, to: first, checkpoint: `database/${first}` },
  { code: 'head-mismatch', from: 0, to: first },
  { code: 'node-mismatch', from: 0, to: 256 },
];

describe('given an entry that was altered', () => {
  test('when its payload is another, then it no longer fits the envelope', () =>
    expectFindings(
      lab,
      () => lab.sql(`UPDATE lapse.event_payloads SET payload = payload || ' ' ${PAYLOAD}`, [id]),
      [{ code: 'payload-mismatch', index, stream: stream(), version: 4 }],
      index,
    ));

  test('when its payload is gone, then no rule has let it go', () =>
    expectFindings(
      lab,
      () => lab.sql(`DELETE FROM lapse.event_payloads ${PAYLOAD}`, [id]),
      [{ code: 'payload-missing', index, stream: stream(), version: 4 }],
      index,
    ));

  test('when its envelope names another actor, then it is not the leaf', () =>
    expectFindings(
      lab,
      () => alterEnvelope(),
      [{ code: 'leaf-mismatch', index, stream: stream(), version: 4 }, ...otherTree()],
      index,
    ));

  test.each([
    ['is no JSON', `'\\x00ff5c'::bytea`],
    [
      'is spelled otherwise',
      `convert_to(replace(convert_from(envelope, 'UTF8'), ',', ', '), 'UTF8')`,
    ],
    ['holds a name', `convert_to(replace(convert_from(envelope, 'UTF8'), 'tok_', 'a@b.'), 'UTF8')`],
  ])('when its envelope %s, then it is malformed', (_, envelope) =>
    expectFindings(
      lab,
      () =>
        lab.sql(`UPDATE lapse.events SET envelope = ${envelope} WHERE event_id = $1`, [eventId]),
      [{ code: 'envelope-malformed', index, stream: stream(), version: 4 }, ...otherTree()],
      index,
    ),
  );

  test('when two envelopes change places, then neither belongs where it stands', async () => {
    const other = await lab.entryOf(lab.lives[5]?.id ?? '', 2);
    await expectFindings(
      lab,
      () =>
        lab.sql(
          `UPDATE lapse.events a SET envelope = b.envelope FROM lapse.events b
           WHERE a.event_id IN ($1, $2) AND b.event_id IN ($1, $2) AND a.event_id <> b.event_id`,
          [eventId, other.eventId],
        ),
      [
        { code: 'envelope-misplaced', index, stream: stream(), version: 4 },
        {
          code: 'envelope-misplaced',
          index: other.index,
          stream: `exception:${lab.lives[5]?.id}`,
          version: 2,
        },
        ...otherTree(),
      ],
      index,
    );
  });

  test('when its leaf hash is another, then the tree over the envelopes shows that it is the leaf', () =>
    expectFindings(
      lab,
      () =>
        lab.sql(`UPDATE lapse.ledger_leaves SET leaf_hash = sha256('x') WHERE ledger_index = $1`, [
          index,
        ]),
      [{ code: 'leaf-mismatch', index, stream: stream(), version: 4 }],
      index,
    ));

  test('when its row says another version, then its envelope and the order tell', () =>
    expectFindings(
      lab,
      () => lab.sql('UPDATE lapse.events SET version = 99 WHERE event_id = $1', [eventId]),
      [
        { code: 'event-missing', index, stream: stream(), version: 4 },
        { code: 'stream-gap', stream: stream(), version: 4 },
        { code: 'stream-gap', stream: stream(), version: 15 },
        { code: 'envelope-misplaced', stream: stream(), version: 99 },
        { code: 'event-unsequenced', stream: stream(), version: 99 },
      ],
      index,
    ));

  test('when its event is gone, then the leaf stands alone and the stream has a gap', () =>
    expectFindings(
      lab,
      () => lab.sql('DELETE FROM lapse.events WHERE event_id = $1', [eventId]),
      [
        { code: 'event-missing', index, stream: stream(), version: 4 },
        { code: 'stream-gap', stream: stream(), version: 4 },
      ],
      index,
    ));

  test('when everything of it is rewritten, signatures apart, then what was signed tells', () =>
    expectFindings(
      lab,
      async () => {
        await alterEnvelope();
        await rebuildTree();
      },
      [{ code: 'checkpoint-mismatch', from: 0, to: first, checkpoint: `database/${first}` }],
      0,
    ));

  test('when signatures in the database go too, then the note outside tells', () =>
    expectFindings(
      lab,
      async () => {
        await alterEnvelope();
        await rebuildTree();
        await lab.sql('DELETE FROM lapse.ledger_checkpoints');
      },
      [{ code: 'checkpoint-mismatch', from: 0, to: newest, checkpoint: note }],
      0,
    ));
});

/** Another actor of the same length: a valid envelope, but not the one that was taken in. */
function alterEnvelope() {
  return lab.sql(
    `UPDATE lapse.events SET envelope =
       convert_to(replace(convert_from(envelope, 'UTF8'), '"actor_id":"tok_', '"actor_id":"toc_'), 'UTF8')
     WHERE event_id = $1`,
    [eventId],
  );
}

/** What the owner of the database can do: leaves, nodes and heads anew over altered envelopes. */
async function rebuildTree() {
  const rows = await lab.sql<{ envelope: Buffer }>(
    'SELECT envelope FROM lapse.ledger_leaves JOIN lapse.events USING (tenant_id, stream_type, stream_id, version) ORDER BY ledger_index',
  );
  const frontier = MerkleFrontier.empty(nativeSha256);
  for (const [at, { envelope }] of rows.entries()) {
    const leaf = leafHash(envelope, nativeSha256);
    await lab.sql('UPDATE lapse.ledger_leaves SET leaf_hash = $1 WHERE ledger_index = $2', [
      leaf,
      at,
    ]);
    for (const { level, index: position, hash } of frontier.append(leaf)) {
      await lab.sql('UPDATE lapse.ledger_nodes SET hash = $1 WHERE level = $2 AND position = $3', [
        hash,
        level,
        position,
      ]);
    }
    await lab.sql('UPDATE lapse.ledger_heads SET root = $1, frontier = $2 WHERE size = $3', [
      frontier.root(),
      frontier.toBytes(),
      frontier.size,
    ]);
  }
}
