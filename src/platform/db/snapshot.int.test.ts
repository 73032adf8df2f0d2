import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestRegister, type TestRegister } from '../../../test/support/test-register.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';

let register: TestRegister;
let snapshot: Snapshot;

beforeAll(async () => {
  register = await createTestRegister();
  snapshot = await openSnapshot(register.application, register.tenantId);
});
afterAll(async () => {
  await snapshot.close();
  await register.drop();
});

test('rows arrive in binary as they are, nulls and large values too', async () => {
  const rows: unknown[] = [];
  const select = `SELECT n, repeat('ü', n * 40000), '\\x00ff5c'::bytea, NULL::text, -5::bigint * 1099511627776
    FROM generate_series(0, 3) AS n`;
  await snapshot.copy(select, [], (row) => {
    rows.push([row.int4(0), row.text(1), row.text(2, 'hex'), row.isNull(3), row.int8(4)]);
  });
  expect(rows).toEqual(
    [0, 1, 2, 3].map((n) => [n, 'ü'.repeat(n * 40_000), '00ff5c', true, -5 * 2 ** 40]),
  );
});

test.each(["'", "\\'; DROP TABLE lapse.events; --", '$1', '$2', 'ä\n"'])(
  'a value such as %j is nothing but a value',
  async (value) => {
    const rows: string[] = [];
    await snapshot.copy('SELECT $1, $2::int, $1', [value, 7], (row) => {
      rows.push(row.text(0), row.text(2), String(row.int4(1)));
    });
    expect(rows).toEqual([value, value, '7']);
  },
);

test('no row is no call', async () => {
  await snapshot.copy('SELECT 1 WHERE false', [], () => expect.unreachable());
});

test('what the taker throws, and what PostgreSQL refuses, is thrown, and reading goes on', async () => {
  const taker = () => {
    throw new Error('no more');
  };
  await expect(
    snapshot.copy('SELECT n FROM generate_series(1, 9) AS n', [], taker),
  ).rejects.toThrow('no more');
  expect(await snapshot.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  const broken = await openSnapshot(register.application, register.tenantId);
  await expect(broken.copy('SELECT nothing', [], () => {})).rejects.toThrow('nothing');
  await broken.close();
});
