import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Imports, openImports, type Sent } from './imports.fixture.ts';

let imports: Imports;
let before: readonly number[];
beforeAll(async () => {
  imports = await openImports();
  before = await imports.rows();
});
afterAll(() => imports.close());

const CSV = { 'content-type': 'text/csv' };
const send = (file: string | Uint8Array, query = '') => imports.send(file, query, CSV);
const told = ({ body }: Sent) =>
  (body.errors ?? []).map((e) => `${e.line}:${e.column} ${e.path} ${e.message}`);
const wide = (count: number) => Array.from({ length: count }, (_, n) => `column ${n}`).join(',');

describe('refused, with the row and the column', () => {
  it.each([
    ['an empty file', '', /^1:1 {2}There is nothing in this file/],
    ['a mark and nothing more', '\uFEFF', /^1:1 {2}There is nothing in this file/],
    ['a header alone', 'title,category\r\n', /^1:1 {2}there is a header and no record below it/],
    ['10,000 columns', `${wide(10_000)}\n`, /the file has 10,000 columns, .* at most 500 columns/],
    [
      'a name that no field has',
      'title,expire_at\nA,2026-01-01\n',
      /^1:7 {2}the column "expire_at" is no field; did you mean expires_at\? Then --map "expire_at=expires_at" would pass, and --map "expire_at=" leaves it out$/,
    ],
    [
      'a name that is near to none',
      'title,Ticket owner phone\nA,1\n',
      /the column "Ticket owner phone" is no field; say which it is with --map/,
    ],
    [
      'two columns of one name',
      'title,category,Title\nA,data,B\n',
      /^1:16 {2}the columns 1 \("title"\) and 3 \("Title"\) are both title; leave one of them out/,
    ],
    ['no title', 'category\ndata\n', /no column is the title/],
    [
      'a row that is too short',
      'title,category\nA\n',
      /^2:2 {2}row 2 has 1 cell where the header has 2/,
    ],
    [
      'a row that is too long',
      'title,category\nA,data,B\n',
      /^2:8 {2}row 2 has 3 cells where the header has 2/,
    ],
    ['a quote that is not closed', 'title,category\n"A,data\nB,ai\n', /^2:1 {2}The quote " is not/],
    ['a quote inside of a cell', 'title\nA 5" disk\n', /^2:1 {2}A quote " stands in the middle/],
    [
      'a quote that takes in the rest of a large file',
      `title\n"A\n${'x\n'.repeat(300_000)}`,
      /^2:1 {2}Row 2 is larger than a row may be \(512 KB\); a quote that is not closed makes one/,
    ],
    ['NUL', 'title,category\nA,data\nB\0,ai\n', /^3:2 {2}The control character U\+0000 may not/],
    [
      'a value under no name',
      'title,\nA,B\n',
      /^2:3 {2}row 2 has a value in column 2, which has no/,
    ],
    [
      'a date that can be read in two ways',
      'title,expires_at\nA,03/04/2026\n',
      /^2:3 expires_at "03\/04\/2026" is no instant .*2026-03-07T00:00:00Z would pass.*\(row 2, column "expires_at"\)$/,
    ],
    [
      'a text that is no JSON where a structure belongs',
      'title,telemetry\nA,Grafana\n',
      /^2:3 telemetry is not JSON; write a mapping/,
    ],
    [
      'a structure that is nested without end',
      `title,grants\nA,${'['.repeat(5_000)}${']'.repeat(5_000)}\n`,
      /^2:3 grants is not JSON/,
    ],
    [
      'half of a character',
      'title,scope\nA,"{""models"":[""\\ud800""]}"\n',
      /^2:3 scope is not JSON/,
    ],
    ['a word for a number', 'title,risk_score\nA,high\n', /^2:3 risk_score must be of type/],
    [
      'a wrong value below a cell of several lines',
      'title,justification,stride\nA,"one\ntwo",S\nB,"one\ntwo",Q\n',
      /^5:6 stride must be one of S, T, R, I, D, E \(row 3, column "stride"\)$/,
    ],
    ['a claim', 'title,status\nA,Active\n', /^2:3 status claims "Active", .*with assign/],
  ])('%s', async (_, file, words) => {
    const sent = await send(file);
    expect(sent.status).toBe(422);
    expect(sent.body.code).toBe('import-refused');
    expect(told(sent)).toContainEqual(expect.stringMatching(words));
    for (const line of told(sent)) expect(line.length).toBeLessThan(1_000);
  });

  it.each([
    ['invalid UTF-8', [...Buffer.from('title\nA'), 0xe4, 0x0a], '2:2', /0xE4 is not UTF-8/],
    ['UTF-16', [...Buffer.from('title\nA\n', 'utf16le')], '1:1', /UTF-16/],
    ['UTF-16 with its mark', [0xff, 0xfe, ...Buffer.from('title\n', 'utf16le')], '1:1', /UTF-16/],
  ])('%s', async (_, bytes, place, words) => {
    const sent = await send(Uint8Array.from(bytes));
    expect(sent.status).toBe(422);
    expect(told(sent)[0]).toMatch(new RegExp(`^${place} `));
    expect(told(sent)[0]).toMatch(words);
  });

  it('more than 50 MB, before it is read', async () => {
    const sent = await send('title\nA\n', '');
    expect(sent.status).toBe(201);
    const large = await imports.send('title\n', '', {
      ...CSV,
      'content-length': String(50 * 1024 * 1024 + 1),
    });
    expect([large.status, large.body.code]).toEqual([413, 'too-large']);
    before = await imports.rows();
  });

  it('many problems: as many as anybody reads, and then no more is read', async () => {
    const sent = await send(`title,stride\n${'A,Q\n'.repeat(5_000)}`);
    expect(sent.body.errors).toHaveLength(1_000);
    expect(sent.body.detail).toContain('nothing was imported: the file has 1,001 problems');
  });

  it.each([
    ['?map=title', 'Column=field'],
    ['?delimiter=pipe', 'comma, semicolon, tab'],
  ])('a query such as %s', async (query, words) => {
    const sent = await send('title\nA\n', query);
    expect(sent.status).toBe(400);
    expect(sent.body.detail).toContain(words);
  });

  it('a mapping for a file that is no table', async () => {
    const sent = await imports.send('title: A', '?map=A%3Dtitle');
    expect([sent.status, sent.body.detail]).toEqual([
      400,
      'delimiter and map are for CSV files; send the file as text/csv, or leave them out',
    ]);
  });

  it.each([
    ['A=titel', 'is mapped to "titel", which is no field; did you mean title?'],
    ['Titel=title', 'there is no column "Titel" to map; did you mean "Title"?'],
  ])('a mapping such as %s', async (map, words) => {
    const sent = await send('Title,A\nx,y\n', `?map=${encodeURIComponent(map)}`);
    expect(told(sent).join('\n')).toContain(words);
  });

  it('and none of it has left anything behind', async () => {
    expect(await imports.rows()).toEqual(before);
  });
});

describe('read', () => {
  const fieldsOf = async (file: string | Uint8Array, query = '') => {
    const { status, body } = await send(file, `?preview=true${query}`);
    expect(status).toBe(200);
    const preview = body as unknown as {
      records: { fields: unknown }[];
      problems: unknown[];
    };
    expect(preview.problems).toEqual([]);
    return preview.records.map(({ fields }) => fields);
  };

  it.each([
    ['a byte order mark', '\uFEFFtitle,category\r\nA,data\r\n'],
    ['semicolons', 'title;category\nA;data\n'],
    ['tabs', 'title\tcategory\nA\tdata\n'],
    ['names as people write them', ' Title ,CATEGORY\nA,data\n'],
    ['rows and columns without anything', 'title,category,\n\nA,data,\n,,\n'],
    ['everything in quotes', '"title","category"\r\n"A","data"'],
  ])('%s', async (_, file) => {
    expect(await fieldsOf(file)).toEqual([{ title: 'A', category: 'data' }]);
  });

  it('a delimiter that is given, whatever the header looks like', async () => {
    expect(
      await fieldsOf('title;"a,b,c"\nA;data\n', '&delimiter=semicolon&map=a%2Cb%2Cc%3Dcategory'),
    ).toEqual([{ title: 'A', category: 'data' }]);
  });

  it('formulas as the texts that they are, and those that an export guarded as they were', async () => {
    const file = "title,justification,ticket_id\n=1+1,'=cmd|x,''-1\n";
    expect(await fieldsOf(file)).toEqual([
      { title: '=1+1', justification: '=cmd|x', ticket_id: "'-1" },
    ]);
  });

  it('lists of one entry a line, people, parts of fields, dates in words', async () => {
    const file = [
      'title,services,owners,requestor.name,requestor.email,telemetry.alerts,remediation_plan.summary,expires_at,effective_from',
      '"A","pay, ments\nshop","J. Chen <jchen@example.com>, Payments\nosei@example.com",R,r@example.com,"[""a"",""b""]",Move,,"Mar 7, 2026"',
    ].join('\n');
    expect(await fieldsOf(file)).toEqual([
      {
        title: 'A',
        services: ['pay, ments', 'shop'],
        owners: [
          { name: 'J. Chen', email: 'jchen@example.com', team: 'Payments' },
          { name: 'osei@example.com', email: 'osei@example.com' },
        ],
        requestor: { name: 'R', email: 'r@example.com' },
        telemetry: { alerts: ['a', 'b'] },
        remediation_plan: { summary: 'Move' },
        effective_from: '2026-03-07T00:00:00.000Z',
      },
    ]);
  });

  it('a spreadsheet with names of its own', async () => {
    const file = 'Waiver;Due;Note\nOld TLS;;call\n';
    const map = ['Waiver=title', 'Due=expires_at', 'Note='].map(encodeURIComponent);
    expect(await fieldsOf(file, map.map((one) => `&map=${one}`).join(''))).toEqual([
      { title: 'Old TLS' },
    ]);
  });
});

it('what a register says of a record is set aside, whatever it is', async () => {
  const deep = '['.repeat(200) + ']'.repeat(200);
  const file = `title,revision,severity,violations,closed\nA,3,High,${deep},"{""a"":""\\ud800""}"\n`;
  const { status, body } = await send(file, '?preview=true');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    counts: { created: 1, problems: 0 },
    records: [
      {
        fields: { title: 'A' },
        notes: [
          {
            path: 'revision',
            message:
              'what the register that it comes from says of it is not imported: severity, closed, violations (row 2, column "revision")',
          },
        ],
      },
    ],
  });
});

it('a preview shows what is right beside what is wrong, and stores nothing', async () => {
  const rows = await imports.rows();
  const { status, body } = await send('title,status\nA,Active\nB,Draft\n,\nC\n', '?preview=true');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    records: [{ title: 'B', line: 3, result: 'created', fields: { title: 'B' }, claims: null }],
    problems: [
      { line: 2, column: 3, path: 'status' },
      { line: 5, column: 2, path: '' },
    ],
    counts: { created: 1, unchanged: 0, problems: 2 },
  });
  expect(await imports.rows()).toEqual(rows);
});

it('the same table twice makes its drafts once, and a repeated request answers the same', async () => {
  const file = 'title,exception_id\nOne,7c9e6679-7425-40de-944b-e07fc1f90ae7\nTwo,\n';
  const key = { ...CSV, 'idempotency-key': 'once' };
  const first = await imports.send(file, '', key);
  expect([first.status, first.body.created.length]).toEqual([201, 2]);
  expect((await imports.send(file, '', key)).body).toEqual(first.body);
  const again = await send(file);
  expect([again.status, again.body.created.length, again.body.unchanged.length]).toEqual([
    200, 0, 2,
  ]);
});
