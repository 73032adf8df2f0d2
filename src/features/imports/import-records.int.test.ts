import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Imports, openImports, places } from './imports.fixture.ts';

const OWN_ID = 'EXC_01ARZ3NDEKTSV4RRFFQ69G5FAV';

let imports: Imports;
beforeAll(async () => {
  imports = await openImports();
});
afterAll(() => imports.close());

describe('records', () => {
  it('come from a list, in its order', async () => {
    const { status, body } = await imports.send('- title: One\n- title: Two\n  stride: S\n');
    expect(status).toBe(201);
    expect(body.created.map(({ title, line }) => [title, line])).toEqual([
      ['One', 1],
      ['Two', 2],
    ]);
    const ids = body.created.map(({ exception_id }) => exception_id);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('come from several documents', async () => {
    const file = readFileSync('test/documents/several-documents.yaml', 'utf8').replace(
      'notes:',
      'justification:',
    );
    const { body } = await imports.send(file);
    expect(body.created.map(({ title, line }) => `${line} ${title}`)).toEqual([
      '4 First',
      '5 Second',
      '10 Third',
      '17 Fourth',
    ]);
  });

  it.each(['application/json', 'text/yaml; charset=utf-8', 'application/x-yaml'])(
    'come as %s',
    async (type) => {
      const file = JSON.stringify([{ title: `As ${type}` }]);
      const { status, body } = await imports.send(file, '', { 'content-type': type });
      expect([status, body.created.length]).toEqual([201, 1]);
    },
  );

  it('keep an id of Lapse, once', async () => {
    const file = `exception_id: ${OWN_ID}\ntitle: Mine\n`;
    const { body } = await imports.send(file);
    expect(body.created[0]?.exception_id).toBe(OWN_ID);
    expect((await imports.get(`/exceptions/${OWN_ID}`)).title).toBe('Mine');
    expect((await imports.send(file)).body.unchanged[0]?.exception_id).toBe(OWN_ID);
  });

  it('may not take the id of a record that no import has made', async () => {
    const made = await imports.app.inject({
      method: 'POST',
      url: '/v1/exceptions',
      headers: { authorization: imports.tokenOf('requestor') },
      payload: { title: 'Here already' },
    });
    const id = made.json().exception_id;
    for (const query of ['', '?assign=true', '?dry_run=true']) {
      const sent = await imports.send(`- title: B\n- title: C\n  exception_id: ${id}\n`, query);
      expect(sent.status).toBe(422);
      expect(places(sent)).toEqual(['3:17 exception_id']);
      expect(sent.body.errors?.[0]?.message).toContain('leave exception_id out to import a copy');
    }
  });

  it('that share an id, or are the same, are refused with both lines', async () => {
    const sent = await imports.send(
      '- title: A\n  external_ids: [x, y]\n- title: B\n- title: C\n  external_ids: y\n- title: B\n',
    );
    expect(sent.status).toBe(422);
    expect(
      sent.body.errors?.map(({ line, path, message }) => `${line} ${path} ${message}`),
    ).toEqual([
      '5 external_ids the records on lines 1 and 4 have the same id "y"; give each its own, or leave one of them out',
      '6  the records on lines 3 and 6 are the same; leave one of them out',
    ]);
  });

  it('that are known stand beside new ones', async () => {
    await imports.send('- title: Known\n');
    const { status, body } = await imports.send('- title: New\n- title: Known\n');
    expect(status).toBe(201);
    expect([body.created[0]?.title, body.unchanged[0]?.title]).toEqual(['New', 'Known']);
    expect(body.unchanged[0]?.reason).toContain('was imported before as it stands here');
  });

  it('with dates are told how these were read', async () => {
    const { body } = await imports.send('title: Dated\neffective_from: 2026-01-02\n');
    expect(body.warnings).toEqual([
      {
        path: 'effective_from',
        line: 2,
        column: 17,
        message: 'the date 2026-01-02 is read as 2026-01-02T00:00:00.000Z (00:00 UTC)',
      },
    ]);
  });
});

describe('all or nothing', () => {
  const records = (count: number, name: string) =>
    Array.from({ length: count }, (_, i) => `- title: ${name} ${i}\n  services: [a, b]\n`);

  it('one bad record among 500 and nothing is written', async () => {
    const before = await imports.rows();
    const file = records(500, 'Bad').with(321, '- title: Bad\n  servces: [a]\n').join('');
    const sent = await imports.send(file);
    expect(sent.status).toBe(422);
    expect(places(sent)).toEqual(['644:12 servces']);
    expect(sent.body.errors?.[0]?.message).toBe('unknown key; did you mean services?');
    expect(await imports.rows()).toEqual(before);
  });

  it('500 good ones and all are written, each in the ledger', async () => {
    const before = await imports.rows();
    const { body } = await imports.send(records(500, 'Good').join(''));
    expect(body.created).toHaveLength(500);
    const after = await imports.rows();
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual(Array(5).fill(500));
  });
});
