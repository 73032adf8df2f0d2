import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signCheckpoint } from '../domain/ledger/checkpoint.ts';
import { signerOf } from '../domain/ledger/log.fixture.ts';
import { COUNTED, countedOf } from '../features/exceptions/exception-counts.ts';
import { findLedgerKeys, loadLedgerSigner, newestKey } from './ledger-key.ts';
import { expectFindings, placesOf } from './verify-expectations.fixture.ts';
import { manyLives, recordLives } from './verify-ledger.fixture.ts';
import { TamperedRegister } from './verify-tampering.fixture.ts';

let lab: TamperedRegister;
/** Sizes of the first and the newest checkpoint. */
let first: number;
let newest: number;
/** The name of the note outside the database. */
let note: string;

beforeAll(async () => {
  lab = await TamperedRegister.create();
  [first, newest] = lab.signedAt;
  note = await lab.newestNote();
});
afterAll(() => lab.close());

describe('given a checkpoint that has left the database', () => {
  const cutOff = () => ({ code: 'ledger-cut-off', index: first, checkpoint: note });

  test('when the newest entries are cut off without a trace, then the first of them is named', () =>
    expectFindings(
      lab,
      async () => {
        const cut = `(stream_type, stream_id, version) IN
          (SELECT stream_type, stream_id, version FROM lapse.ledger_leaves WHERE ledger_index >= $1)`;
        const streams = await lab.sql<{ stream_id: string }>(
          `SELECT stream_id FROM lapse.events WHERE ${cut} AND stream_type = 'exception'`,
          [first],
        );
        const ids = [streams.map((row) => row.stream_id)];
        for (const table of ['exceptions', 'exception_search', 'exception_services'])
          await lab.sql(`DELETE FROM lapse.${table} WHERE exception_id = ANY($1)`, ids);
        for (const table of [
          'exception_owners',
          'exception_policy_refs',
          'exception_chain_places',
          'exception_deadlines',
          'exception_link_work',
        ])
          await lab.sql(`DELETE FROM lapse.${table} WHERE exception_id = ANY($1)`, ids);
        await lab.sql(
          'DELETE FROM lapse.exception_awaited_roles WHERE exception_id = ANY($1)',
          ids,
        );
        await lab.sql('TRUNCATE lapse.exception_counts, lapse.exception_count_deltas');
        await lab.sql(
          `INSERT INTO lapse.exception_count_deltas (tenant_id, ${COUNTED}, change)
           SELECT tenant_id, ${countedOf('e')}, 1 FROM lapse.exceptions e`,
        );
        await lab.sql(
          `UPDATE lapse.tokens SET version = 1, revoked_at = NULL, state = state::jsonb - 'revoked_at'`,
        );
        for (const table of ['event_payloads', 'events'])
          await lab.sql(`DELETE FROM lapse.${table} WHERE ${cut}`, [first]);
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
        lab,
        () => writeFile(join(lab.folder, note), forged),
        [{ code: 'checkpoint-unverified', checkpoint: note }],
        null,
      );
      await expectFindings(
        lab,
        () =>
          lab.sql('UPDATE lapse.ledger_checkpoints SET note = $1 WHERE size = $2', [forged, first]),
        [{ code: 'checkpoint-unverified', checkpoint: `database/${first}` }],
        null,
      );
    }
  });

  test('when a checkpoint of another size takes the place of one, then it is not believed', () =>
    expectFindings(
      lab,
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
      const ledger = await findLedgerKeys(tx, lab.tenantId);
      if (!ledger) throw new Error('there is a key');
      const found = newestKey(ledger);
      return { key: found, signer: await loadLedgerSigner(tx, lab.tenantId, found, master) };
    });
    const checkpoint = { origin: key.origin, size: first, root: new Uint8Array(32) };
    const signed = await signCheckpoint(checkpoint, [signer]);
    await expectFindings(
      lab,
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
