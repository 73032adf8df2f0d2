import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signCheckpoint } from '../domain/ledger/checkpoint.ts';
import { leafHash } from '../domain/ledger/hash.ts';
import { signerOf } from '../domain/ledger/log.fixture.ts';
import { MerkleFrontier } from '../domain/ledger/merkle-frontier.ts';
import { nativeSha256 } from './event-codec.ts';
import { findLedgerKey, loadLedgerSigner } from './ledger-key.ts';
import type { Finding } from './verify-findings.ts';
import { manyLives, recordLives } from './verify-ledger.fixture.ts';
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

/** What of each finding says where and what; messages are for people. */
const placesOf = (findings: readonly Finding[]) =>
  findings.map(({ message: _, ...place }) => place);
const stream = () => `exception:${id}`;
/** What follows from an envelope that is another than when its leaf was taken in. */
const otherTree = () => [
  { code: 'checkpoint-mismatch', from: 0, to: first, checkpoint: `database/${first}` },
  { code: 'head-mismatch', from: 0, to: first },
  { code: 'node-mismatch', from: 0, to: 256 },
];

async function expectFindings(
  tamper: () => Promise<unknown>,
  expected: readonly object[],
  failing: number | null,
) {
  const result = await lab.whileTampered(tamper);
  expect(placesOf(result.findings)).toEqual(expected);
  expect(result).toMatchObject({ ok: false, first_failing: failing });
  expect(result.finding_count).toBe(expected.length);
  expect(await lab.verify()).toMatchObject({ ok: true, findings: [] });
}

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

describe('given an entry that was altered', () => {
  test('when its payload is another, then it no longer fits the envelope', () =>
    expectFindings(
      () =>
        lab.sql("UPDATE lapse.event_payloads SET payload = payload || ' ' WHERE event_id = $1", [
          eventId,
        ]),
      [{ code: 'payload-mismatch', index, stream: stream(), version: 4 }],
      index,
    ));

  test('when its payload is gone, then no rule has let it go', () =>
    expectFindings(
      () => lab.sql('DELETE FROM lapse.event_payloads WHERE event_id = $1', [eventId]),
      [{ code: 'payload-missing', index, stream: stream(), version: 4 }],
      index,
    ));

  test('when its envelope names another actor, then it is not the leaf', () =>
    expectFindings(
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
      () =>
        lab.sql(`UPDATE lapse.events SET envelope = ${envelope} WHERE event_id = $1`, [eventId]),
      [{ code: 'envelope-malformed', index, stream: stream(), version: 4 }, ...otherTree()],
      index,
    ),
  );

  test('when two envelopes change places, then neither belongs where it stands', async () => {
    const other = await lab.entryOf(lab.lives[5]?.id ?? '', 2);
    await expectFindings(
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
      () =>
        lab.sql(`UPDATE lapse.ledger_leaves SET leaf_hash = sha256('x') WHERE ledger_index = $1`, [
          index,
        ]),
      [{ code: 'leaf-mismatch', index, stream: stream(), version: 4 }],
      index,
    ));

  test('when its row says another version, then its envelope and the order tell', () =>
    expectFindings(
      () => lab.sql('UPDATE lapse.events SET version = 99 WHERE event_id = $1', [eventId]),
      [
        {
          code: 'envelope-misplaced',
          index,
          stream: stream(),
          version: 99,
        },
        { code: 'stream-gap', stream: stream(), version: 4 },
        { code: 'stream-gap', stream: stream(), version: 15 },
      ],
      index,
    ));

  test('when its event is gone, then the leaf stands alone and the stream has a gap', () =>
    expectFindings(
      () => lab.sql('DELETE FROM lapse.events WHERE event_id = $1', [eventId]),
      [
        { code: 'event-missing', index },
        { code: 'stream-gap', stream: stream(), version: 4 },
      ],
      index,
    ));

  test('when everything of it is rewritten, signatures apart, then what was signed tells', () =>
    expectFindings(
      async () => {
        await alterEnvelope();
        await rebuildTree();
      },
      [{ code: 'checkpoint-mismatch', from: 0, to: first, checkpoint: `database/${first}` }],
      0,
    ));

  test('when signatures in the database go too, then the note outside tells', () =>
    expectFindings(
      async () => {
        await alterEnvelope();
        await rebuildTree();
        await lab.sql('DELETE FROM lapse.ledger_checkpoints');
      },
      [{ code: 'checkpoint-mismatch', from: 0, to: newest, checkpoint: note }],
      0,
    ));
});

describe('given a register that does not follow from its events', () => {
  const EXCEPTION = 'WHERE exception_id = $1';
  test.each([
    [
      'its state',
      "UPDATE lapse.exceptions SET state = jsonb_set(state, '{fields,title}', '\"x\"')",
    ],
    ['its status', "UPDATE lapse.exceptions SET status = 'Active'"],
    ['its end', "UPDATE lapse.exceptions SET expires_at = expires_at + interval '1 ms'"],
    ['its version', 'UPDATE lapse.exceptions SET version = 3'],
    ['its hand-over', 'UPDATE lapse.exceptions SET hands_over = NOT hands_over'],
    ['a service', "UPDATE lapse.exception_services SET service = service || 'x'"],
    ['an owner', 'DELETE FROM lapse.exception_owners'],
    ['a policy reference', "UPDATE lapse.exception_policy_refs SET policy_ref = policy_ref || 'x'"],
  ])('when %s is another, then the row is named', (_, change) =>
    expectFindings(
      () => lab.sql(`${change} ${EXCEPTION}`, [id]),
      [{ code: 'projection-mismatch', stream: stream(), version: 14 }],
      null,
    ),
  );

  test('when a deadline is put off or taken away, then the row is named', async () => {
    const [due] = await lab.sql<{ exception_id: string; version: number }>(
      'SELECT exception_id, version FROM lapse.exception_deadlines d JOIN lapse.exceptions USING (exception_id) LIMIT 1',
    );
    const found = [
      {
        code: 'projection-mismatch',
        stream: `exception:${due?.exception_id}`,
        version: due?.version,
      },
    ];
    await expectFindings(
      () =>
        lab.sql(
          `UPDATE lapse.exception_deadlines SET next_due_at = next_due_at + interval '1 day' ${EXCEPTION}`,
          [due?.exception_id],
        ),
      found,
      null,
    );
    await expectFindings(
      () => lab.sql(`DELETE FROM lapse.exception_deadlines ${EXCEPTION}`, [due?.exception_id]),
      found,
      null,
    );
  });

  test('when a token opens for longer, then its row is named', async () => {
    const [token] = await lab.sql<{ token_id: string }>(
      'SELECT token_id FROM lapse.tokens WHERE revoked_at IS NOT NULL',
    );
    await expectFindings(
      () =>
        lab.sql('UPDATE lapse.tokens SET revoked_at = NULL WHERE token_id = $1', [token?.token_id]),
      [{ code: 'projection-mismatch', stream: `identity:${token?.token_id}`, version: 2 }],
      null,
    );
  });

  test('when a row is gone, or is there without events, then it is named', async () => {
    await expectFindings(
      () => lab.sql(`DELETE FROM lapse.exceptions ${EXCEPTION}`, [id]),
      [{ code: 'projection-missing', stream: stream(), version: 14 }],
      null,
    );
    const strays = ['exceptions', 'exception_services'];
    const copy = (table: string) =>
      lab.sql(
        `CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT * FROM lapse.${table} WHERE exception_id = '${id}';
         UPDATE copied SET exception_id = 'EXC_stray'; INSERT INTO lapse.${table} SELECT * FROM copied`,
      );
    await expectFindings(
      () => Promise.all(strays.map(copy)),
      strays.map(() => ({ code: 'projection-stray', stream: 'exception:EXC_stray' })),
      null,
    );
  });

  test('when a stream is of no known kind, then it is named', async () => {
    const kinds = [] as const;
    const result = await lab.verify({ kinds });
    expect(new Set(result.findings.map(({ code }) => code))).toEqual(new Set(['stream-unknown']));
    expect(result.findings).toHaveLength(Math.min(100, result.streams));
    expect(result.finding_count).toBe(result.streams);
  });
});

describe('given a tree that is not over its entries', () => {
  test('when a node is another or is gone, then its tile is named', async () => {
    await expectFindings(
      () => lab.sql(`UPDATE lapse.ledger_nodes SET hash = sha256('x')`),
      [{ code: 'node-mismatch', from: 0, to: 256 }],
      0,
    );
    await expectFindings(
      () => lab.sql('DELETE FROM lapse.ledger_nodes'),
      // The sequencer, too, has to know the tree that was signed.
      [{ code: 'sequencing-failed' }, { code: 'node-missing', from: 0, to: 256 }],
      0,
    );
    await expectFindings(
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
      () => lab.sql(`UPDATE lapse.ledger_heads SET ${change} WHERE size = $1`, [first]),
      [{ code: 'head-mismatch', from: 0, to: first }],
      0,
    ),
  );

  test('when a leaf in the middle is gone, then its index and its event are named', () =>
    expectFindings(
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
      () =>
        lab.sql(`INSERT INTO lapse.ledger_pending (tenant_id, event_id) VALUES ($1, 'gone')`, [
          lab.tenantId,
        ]),
      [{ code: 'pending-without-event' }],
      null,
    );
    // An event that is in the tree already cannot be taken in again.
    await expectFindings(
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

describe('given a checkpoint that has left the database', () => {
  const cutOff = () => ({ code: 'ledger-cut-off', index: first, checkpoint: note });

  test('when the newest entries are cut off without a trace, then the first of them is named', () =>
    expectFindings(
      async () => {
        const cut = 'IN (SELECT event_id FROM lapse.ledger_leaves WHERE ledger_index >= $1)';
        const streams = await lab.sql<{ stream_id: string }>(
          `SELECT stream_id FROM lapse.events WHERE event_id ${cut} AND stream_type = 'exception'`,
          [first],
        );
        const ids = [streams.map((row) => row.stream_id)];
        for (const table of ['exceptions', 'exception_services', 'exception_owners'])
          await lab.sql(`DELETE FROM lapse.${table} WHERE exception_id = ANY($1)`, ids);
        for (const table of ['exception_policy_refs', 'exception_deadlines'])
          await lab.sql(`DELETE FROM lapse.${table} WHERE exception_id = ANY($1)`, ids);
        await lab.sql(
          `UPDATE lapse.tokens SET version = 1, revoked_at = NULL, state = state - 'revoked_at'`,
        );
        for (const table of ['event_payloads', 'events'])
          await lab.sql(`DELETE FROM lapse.${table} WHERE event_id ${cut}`, [first]);
        await lab.sql('DELETE FROM lapse.ledger_leaves WHERE ledger_index >= $1', [first]);
        for (const table of ['ledger_heads', 'ledger_checkpoints'])
          await lab.sql(`DELETE FROM lapse.${table} WHERE size > $1`, [first]);
      },
      [cutOff()],
      first,
    ));

  test('when an old copy is restored, then what is lost is named, and so it is once writing goes on', async () => {
    const young = await TamperedRegister.create();
    const { db } = young.register;
    const restoreOld = await young.copyAside('old');
    const [, old] = young.signedAt;
    await recordLives(db, young.tenantId, manyLives(2));
    await young.sequence();
    const lost = await young.size();
    const checkpoint = await young.newestNote();
    expect(await young.verify()).toMatchObject({ ok: true, size: lost });
    await restoreOld();
    const cut = await young.verify();
    expect(cut).toMatchObject({ ok: false, first_failing: old, size: old });
    expect(placesOf(cut.findings)).toEqual([{ code: 'ledger-cut-off', index: old, checkpoint }]);
    await recordLives(db, young.tenantId, manyLives(5));
    const other = await young.verify();
    expect(other.size).toBeGreaterThan(lost);
    expect(placesOf(other.findings)).toEqual([
      { code: 'checkpoint-mismatch', from: old, to: lost, checkpoint },
    ]);
    expect(other.first_failing).toBe(old);
    await young.close();
  });

  test('when its note is forged, or signed by another key, then it is not believed', async () => {
    const signed = (await lab.checkpoints.newest(lab.tenantId)) ?? '';
    const [origin = '', size = '', root = ''] = signed.split('\n');
    const other = signerOf(origin, new Uint8Array(32).fill(9));
    const checkpoint = { origin, size: Number(size), root: Buffer.from(root, 'base64') };
    const forgeries = [
      signed.replace(`\n${size}\n`, `\n${first}\n`),
      await signCheckpoint(checkpoint, [other.signer]),
      'garbage',
    ];
    for (const forged of forgeries) {
      await expectFindings(
        () => writeFile(join(lab.folder, note), forged),
        [{ code: 'checkpoint-unverified', checkpoint: note }],
        null,
      );
      await expectFindings(
        () =>
          lab.sql('UPDATE lapse.ledger_checkpoints SET note = $1 WHERE size = $2', [forged, first]),
        [{ code: 'checkpoint-unverified', checkpoint: `database/${first}` }],
        null,
      );
    }
  });

  test('when a checkpoint of another size takes the place of one, then it is not believed', () =>
    expectFindings(
      () =>
        lab.sql(
          `UPDATE lapse.ledger_checkpoints SET note = (SELECT note FROM lapse.ledger_checkpoints WHERE size = $1)
           WHERE size = $2`,
          [newest, first],
        ),
      [{ code: 'checkpoint-unverified', checkpoint: `database/${first}` }],
      null,
    ));

  test('when the key itself signs another tree, then its entries are named', async () => {
    const { db, master } = lab.register;
    const { key, signer } = await db.inSystem(async (tx) => {
      const found = await findLedgerKey(tx, lab.tenantId);
      if (!found) throw new Error('there is a key');
      return { key: found, signer: await loadLedgerSigner(tx, lab.tenantId, found, master) };
    });
    const checkpoint = { origin: key.origin, size: first, root: new Uint8Array(32) };
    const signed = await signCheckpoint(checkpoint, [signer]);
    await expectFindings(
      () =>
        lab.sql('UPDATE lapse.ledger_checkpoints SET note = $1 WHERE size = $2', [signed, first]),
      [{ code: 'checkpoint-mismatch', from: 0, to: first, checkpoint: `database/${first}` }],
      0,
    );
  });

  test('when the key is replaced, then nothing that was signed is believed', async () => {
    const result = await lab.whileTampered(() =>
      lab.sql(`UPDATE lapse.ledger_keys SET public_key = sha256('x')`),
    );
    expect(result.ok).toBe(false);
    expect(new Set(result.findings.map(({ code }) => code))).toEqual(
      new Set(['checkpoint-unverified']),
    );
    const keyless = await lab.whileTampered(() => lab.sql('DELETE FROM lapse.ledger_keys'));
    expect(placesOf(keyless.findings)).toEqual([{ code: 'key-missing' }]);
    expect(await lab.verify()).toMatchObject({ ok: true });
  });
});

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
    `UPDATE lapse.exceptions SET state = '[[]]', title = ''`,
    `UPDATE lapse.tokens SET state = '7'`,
    `UPDATE lapse.ledger_heads SET frontier = ''`,
    `UPDATE lapse.ledger_checkpoints SET note = ''`,
    `UPDATE lapse.ledger_checkpoints SET note = repeat('x', 2000000)`,
    `UPDATE lapse.ledger_keys SET origin = 'a b'`,
    `UPDATE lapse.ledger_leaves SET event_id = 'x' ${AT}`,
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
    'SELECT envelope FROM lapse.ledger_leaves JOIN lapse.events USING (tenant_id, event_id) ORDER BY ledger_index',
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
