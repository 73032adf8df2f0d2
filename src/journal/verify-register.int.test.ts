import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exceptionCounts } from '../features/exceptions/exception-count-work.ts';
import { expectFindings } from './verify-expectations.fixture.ts';
import { TamperedRegister } from './verify-tampering.fixture.ts';

let lab: TamperedRegister;
/** A record whose entries lie before the first checkpoint. */
let id: string;

beforeAll(async () => {
  lab = await TamperedRegister.create();
  id = lab.lives[3]?.id ?? '';
});
afterAll(() => lab.close());

const stream = () => `exception:${id}`;

describe('given a register that does not follow from its events', () => {
  const EXCEPTION = 'WHERE exception_id = $1';
  test.each([
    [
      'what people wrote',
      "UPDATE lapse.exceptions SET fields = jsonb_set(fields::jsonb, '{title}', '\"x\"')",
    ],
    [
      'its state',
      "UPDATE lapse.exceptions SET state = jsonb_set(state::jsonb, '{renewal_number}', '7')",
    ],
    ['its status', "UPDATE lapse.exceptions SET status = 'Active'"],
    ['its end', "UPDATE lapse.exceptions SET expires_at = expires_at + interval '1 ms'"],
    ['its version', 'UPDATE lapse.exceptions SET version = 3'],
    ['its hand-over', 'UPDATE lapse.exceptions SET hands_over = NOT hands_over'],
    ['its place in the search', 'DELETE FROM lapse.exception_search'],
    ['a service', "UPDATE lapse.exception_services SET service = service || 'x'"],
    ['an owner', 'DELETE FROM lapse.exception_owners'],
    ['a place in a chain', "UPDATE lapse.exception_chain_places SET place = place || 'x'"],
    ['a policy reference', "UPDATE lapse.exception_policy_refs SET policy_ref = policy_ref || 'x'"],
  ])('when %s is another, then the row is named', (_, change) =>
    expectFindings(
      lab,
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
      lab,
      () =>
        lab.sql(
          `UPDATE lapse.exception_deadlines SET next_due_at = next_due_at + interval '1 day' ${EXCEPTION}`,
          [due?.exception_id],
        ),
      found,
      null,
    );
    await expectFindings(
      lab,
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
      lab,
      () =>
        lab.sql('UPDATE lapse.tokens SET revoked_at = NULL WHERE token_id = $1', [token?.token_id]),
      [{ code: 'projection-mismatch', stream: `identity:${token?.token_id}`, version: 2 }],
      null,
    );
  });

  test('when a row is gone, or is there without events, then it is named', async () => {
    await expectFindings(
      lab,
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
      lab,
      () => Promise.all(strays.map(copy)),
      strays.map(() => ({ code: 'projection-stray', stream: 'exception:EXC_stray' })),
      null,
    );
  });

  test.each([
    [
      'is there of nothing',
      "INSERT INTO lapse.exception_counts SELECT tenant_id, 'renewal', '4', 'Active', 'High', 1, 'internal' FROM lapse.tenants",
      'counters that differ from the register: 1; that of renewal 4, Active, High, internal says 1 instead of 0',
    ],
    [
      'is one too high',
      "UPDATE lapse.exception_counts SET count = count + 1 WHERE facet = 'category' AND status = 'Draft'",
      'counters that differ from the register: 1; that of category network, Draft, High, internal says 2 instead of 1',
    ],
    [
      'is gone',
      "DELETE FROM lapse.exception_counts WHERE facet = 'environment' AND status = 'Draft'",
      'counters that differ from the register: 1; that of environment prod, Draft, High, internal says 0 instead of 1',
    ],
  ])('when a counter %s, then it is named', async (_, change, message) => {
    await exceptionCounts(lab.register.db).runBatch();
    const result = await lab.whileTampered(() => lab.sql(change));
    expect(result).toMatchObject({ ok: false, first_failing: null, finding_count: 1 });
    expect(result.findings).toEqual([{ code: 'counter-mismatch', message }]);
    expect(await lab.verify()).toMatchObject({ ok: true, findings: [] });
  });

  test('when a stream is of no known kind, then it is named', async () => {
    const kinds = [] as const;
    const result = await lab.verify({ kinds });
    expect(new Set(result.findings.map(({ code }) => code))).toEqual(new Set(['stream-unknown']));
    expect(result.findings).toHaveLength(Math.min(100, result.streams));
    expect(result.finding_count).toBe(result.streams);
  });
});
