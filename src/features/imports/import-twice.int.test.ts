import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Imports, openImports } from './imports.fixture.ts';

let imports: Imports;
beforeAll(async () => {
  imports = await openImports();
});
afterAll(() => imports.close());

const file = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `- title: ${name} ${i}\n`).join('');

describe('at once', () => {
  it('of equal files one makes the records and the others find them', async () => {
    const before = await imports.rows();
    const sent = await Promise.all(
      Array.from({ length: 4 }, () => imports.send(file('Race', 450))),
    );
    expect(sent.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 201]);
    const made = sent.flatMap(({ body }) => body.created.map((record) => record.exception_id));
    const found = sent.flatMap(({ body }) => body.unchanged.map((record) => record.exception_id));
    expect(made).toHaveLength(450);
    expect(new Set(found)).toEqual(new Set(made));
    expect(found).toHaveLength(3 * 450);
    expect((await imports.rows())[3]).toBe((before[3] ?? 0) + 450);
  });

  it('files in opposite order end as well, each record made once', async () => {
    const lines = file('Crossed', 450).split(/(?<=\n)/);
    const sent = await Promise.all(
      [lines, lines.toReversed()].map((each) => imports.send(each.join(''))),
    );
    const counts = sent.map(({ body }) => [body.created.length, body.unchanged.length]);
    expect(counts.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0))).toEqual([
      [0, 450],
      [450, 0],
    ]);
  });
});

describe('under an idempotency key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  it('the answer is told again, what was made and what was known', async () => {
    await imports.send(file('Known', 3));
    const both = `- title: First\n${file('Known', 3)}- title: Last\n  effective_from: 2026-01-01\n`;
    const first = await imports.send(both, '', key('k1'));
    expect([first.status, first.body.created.length, first.body.unchanged.length]).toEqual([
      201, 2, 3,
    ]);
    const rows = await imports.rows();
    const again = await imports.send(both, '', key('k1'));
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(await imports.rows()).toEqual(rows);
  });

  it('another file is refused', async () => {
    await imports.send('title: One\n', '', key('k2'));
    const { status, body } = await imports.send('title: Other\n', '', key('k2'));
    expect([status, body.code]).toEqual([422, 'idempotency-mismatch']);
  });

  it('a refusal and a rehearsal remember nothing', async () => {
    expect((await imports.send('titel: X\n', '', key('k3'))).status).toBe(422);
    expect((await imports.send('title: X\n', '?dry_run=true', key('k3'))).status).toBe(200);
    expect((await imports.send('title: X\n', '', key('k3'))).status).toBe(201);
  });

  it('the same request four times at once is answered the same', async () => {
    const sent = await Promise.all(
      Array.from({ length: 4 }, () => imports.send(file('Same', 30), '', key('k4'))),
    );
    for (const { status, body } of sent) expect([status, body]).toEqual([201, sent[0]?.body]);
  });
});
