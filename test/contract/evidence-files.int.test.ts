import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { draft, recordIn } from '../support/api-records.ts';
import { COMPLETE } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import {
  docm,
  docx,
  ELF,
  EXE,
  form,
  GIF,
  JPEG,
  MACH_O,
  PDF,
  PNG,
  WEBP,
  zip,
} from '../support/sample-files.ts';
import { createTestApi } from '../support/test-api.ts';

let realNow = Date.now();
const api = await createTestApi({ realNow: () => realNow });
afterAll(() => api.close());

const as = 'requestor';
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const pathOf = (digest: string) =>
  join(api.dataDir, 'evidence', api.tenantId, digest.slice(0, 2), digest);
const storedFiles = () => {
  try {
    return readdirSync(join(api.dataDir, 'evidence'), {
      recursive: true,
      withFileTypes: true,
    }).filter((entry) => entry.isFile()).length;
  } catch {
    return 0;
  }
};

async function upload(
  id: string,
  content: Buffer,
  name: string,
  options: Parameters<typeof form>[2] & { key?: string } = {},
) {
  const { raw, headers } = form(content, name, options);
  const key = options.key === undefined ? {} : { 'idempotency-key': options.key };
  return api.send('POST', `/v1/exceptions/${id}/evidence`, {
    as,
    raw,
    headers: { ...headers, ...key },
  });
}

const embedding = docx({ 'word/embeddings/sheet.docx': docx() });
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

describe('a file that may be evidence', () => {
  test.each<[string, Buffer, string, string?]>([
    ['scan.pdf', PDF, 'application/pdf'],
    ['shot.png', PNG, 'image/png'],
    ['shot.JPG', JPEG, 'image/jpeg', 'image/jpg'],
    ['moving.gif', GIF, 'image/gif'],
    ['small.webp', WEBP, 'image/webp'],
    ['notes.txt', Buffer.from('gone since March\n'), 'text/plain', 'text/plain; charset=utf-8'],
    ['build.log', Buffer.from('\u001b[32mok\u001b[0m\n'), 'text/plain'],
    ['hosts.csv', Buffer.from('host,open\na,no\n'), 'text/csv', 'application/vnd.ms-excel'],
    ['plan.json', Buffer.from(' {"a": [1]} \n'), 'application/json', 'application/json'],
    ['memo.md', Buffer.from('# Memo\n<b>bold</b>'), 'text/markdown'],
    ['memo.docx', docx(), DOCX],
    ['all.zip', zip({ 'a/memo.txt': 'yes', 'b.pdf': PDF, 'c/': '' }), 'application/zip'],
    ['memos.zip', zip({ 'a.docx': docx(), 'b.docx': embedding }), 'application/zip'],
    ['embedding.docx', embedding, DOCX],
    ['Prüfbericht „März“.txt', Buffer.from('ja'), 'text/plain'],
  ])('%s', async (name, content, type, declared = 'application/octet-stream') => {
    const { exception_id: id } = await draft(api);
    const answer = await upload(id, content, name, { type: declared });
    expect(answer.text).toContain('evidence_files');
    expect(answer.status).toBe(200);
    const digest = sha256(content);
    const file = { digest, size: content.length, type, name };
    expect(answer.body.evidence_files).toMatchObject([
      { ...file, added_by: { name: 'requestor' } },
    ]);
    expect(readFileSync(pathOf(digest))).toEqual(content);
    expect(statSync(pathOf(digest)).mode & 0o777).toBe(0o600);
    const history = await api.send('GET', `/v1/exceptions/${id}/history`, { as });
    expect(history.body.items.at(-1)).toMatchObject({
      type: 'EvidenceAdded',
      data: { links: [], files: [file] },
    });
  });
});

describe('a file is refused, and nothing is kept of it', () => {
  const page = Buffer.from('  <!DOCTYPE html><script>alert(1)</script>');
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
  test.each<[string, string, Buffer, string, string?]>([
    ['a program of Linux', 'memo.pdf', ELF, 'is a program (application/x-elf)'],
    ['a program of Windows', 'memo.docx', EXE, 'is a program (application/x-msdownload)'],
    ['a program of macOS', 'memo', MACH_O, 'is a program (application/x-mach-binary)'],
    ['a script', 'memo.txt', Buffer.from('#!/bin/sh\nrm -rf /\n'), 'is a script'],
    [
      'a script by its name',
      'memo.sh',
      Buffer.from('echo hello'),
      'that ending may not be evidence',
    ],
    ['a page', 'memo.txt', page, 'is HTML, SVG or XML'],
    ['a page by its name', 'memo.html', page, 'that ending may not be evidence'],
    ['an image that can run', 'shot.md', svg, 'is HTML, SVG or XML'],
    ['SVG by its name', 'shot.svg', svg, 'that ending may not be evidence'],
    ['a picture called a document', 'memo.pdf', PNG, 'its bytes are image/png'],
    ['text called a document', 'memo.pdf', Buffer.from('hello'), 'its bytes are of no type'],
    ['a document called text', 'memo.txt', PDF, 'its bytes are application/pdf'],
    ['a lying declaration', 'shot.png', PNG, 'is declared as application/pdf', 'application/pdf'],
    ['bytes that are no text', 'memo.txt', Buffer.from([0x61, 0xff, 0xfe]), 'is not text in UTF-8'],
    ['zero bytes in a text', 'memo.txt', Buffer.from('a\0b'), 'bytes that no text has'],
    ['no JSON', 'plan.json', Buffer.from('hello'), 'does not hold an object or a list'],
    ['nothing', 'memo.txt', Buffer.alloc(0), 'is empty'],
    ['a program in an archive', 'all.zip', zip({ 'notes.txt': ELF }), 'which is a program'],
    ['a script in an archive', 'all.zip', zip({ 'run.ps1': 'x' }), 'which can run'],
    ['an archive in an archive', 'all.zip', zip({ 'in.zip': zip({}) }), 'holds another archive'],
    [
      'a locked archive',
      'all.zip',
      zip({ 'a.txt': 'x' }, { isLocked: true }),
      'locked by a password',
    ],
    [
      'an archive by its bytes in an archive',
      'all.zip',
      zip({ 'in.txt': zip({ a: 'x' }) }),
      'another archive',
    ],
    ['a way out of the archive', 'all.zip', zip({ '../up.txt': 'x' }), 'cannot be read whole'],
    ['old macros', 'memo.docx', docx({ 'xl/macrosheets/a.xml': 'x' }), 'holds macros'],
    ['macros', 'memo.docx', docx({ 'word/vbaProject.bin': 'x' }), 'holds macros'],
    [
      'macros under another name',
      'memo.docx',
      docx({ 'word/settings.bin': 'x' }, 'application/vnd.ms-office.vbaProject'),
      'holds macros (by its list of types)',
    ],
    ['a document for macros, renamed', 'memo.docx', docm(), 'its bytes are'],
    ['a document for macros in an archive', 'all.zip', zip({ 'a.docm': docm() }), 'which can run'],
    [
      'a document for macros, renamed, in an archive',
      'all.zip',
      zip({ 'a/memo.docx': docm() }),
      'holds macros',
    ],
    [
      'macros of a document in an archive',
      'all.zip',
      zip({ 'memo.docx': docx({ 'word/vbaProject.bin': 'x' }) }),
      'holds macros',
    ],
    ['macros without a document', 'all.zip', zip({ 'vbaProject.bin': 'x' }), 'which can run'],
    ['an installer in an archive', 'all.zip', zip({ 'setup.EXE': 'x' }), 'which can run'],
    [
      'macros of a document in a document',
      'memo.docx',
      docx({ 'word/embeddings/a.docx': docx({ 'word/vbaProject.bin': 'x' }) }),
      'holds macros',
    ],
    [
      'documents in documents without an end',
      'memo.docx',
      docx({ 'word/a.docx': docx({ 'word/b.docx': docx({ 'word/c.docx': docx() }) }) }),
      'in too many others',
    ],
    ['a document in an archive that is none', 'all.zip', zip({ 'a.docx': 'x' }), 'read whole'],
    ['a program as a document', 'all.zip', zip({ 'a.docx': zip({ 'a.exe': EXE }) }), 'can run'],
    [
      'an archive that is cut',
      'all.zip',
      zip({ 'a.txt': 'x' }).subarray(0, 60),
      'cannot be read whole',
    ],
    ['a path', '../../etc/passwd.txt', Buffer.from('x'), 'has a path for a name'],
    ['a path of Windows', 'C:\\\\temp\\\\memo.txt', Buffer.from('x'), 'has a path for a name'],
    ['a name that reads otherwise', 'memo\u202Efdp.txt', Buffer.from('x'), 'invisible'],
  ])('%s', async (_, name, content, message, type = 'application/octet-stream') => {
    const record = await draft(api);
    const before = storedFiles();
    const answer = await upload(record.exception_id, content, name, { type });
    expectProblem(answer, 422, 'file-refused');
    expect(answer.body.detail).toContain(message);
    expect(storedFiles()).toBe(before);
    const after = await api.send('GET', `/v1/exceptions/${record.exception_id}`, { as });
    expect(after.body).toEqual(record);
  });

  test('beyond 25 MB', async () => {
    const { exception_id: id } = await draft(api);
    const before = storedFiles();
    for (const extra of [1, 1_000_000]) {
      const answer = await upload(id, Buffer.alloc(25 * 1024 * 1024 + extra, 'x'), 'large.txt');
      expectProblem(answer, 413, 'too-large');
      expect(answer.body.detail).toContain('25 MB');
    }
    expect(storedFiles()).toBe(before);
  });

  test('a form that is cut off, has another field, no file or two', async () => {
    const { exception_id: id } = await draft(api);
    const url = `/v1/exceptions/${id}/evidence`;
    const { raw, headers } = form(Buffer.from('whole'), 'memo.txt');
    const twice = Buffer.concat([raw.subarray(0, -'--sample--\r\n'.length), raw]);
    const other = form(Buffer.from('whole'), 'memo.txt', { field: 'attachment' }).raw;
    const none = Buffer.from('--sample--\r\n');
    for (const sent of [raw.subarray(0, -20), raw.subarray(0, 60), twice, other, none]) {
      const answer = await api.send('POST', url, { as, raw: sent, headers });
      expectProblem(answer, 400, 'invalid-request');
    }
    expectProblem(await api.send('POST', url, { as, raw: '' }), 422, 'invalid-record');
    const text = { 'content-type': 'text/plain' };
    const plain = await api.send('POST', url, { as, raw: 'x', headers: text });
    expectProblem(plain, 415, 'unsupported-media-type');
  });
});

test('links are added as ever, and a note goes with a file', async () => {
  const { exception_id: id } = await draft(api);
  const links = ['https://example.com/pr/1'];
  const url = `/v1/exceptions/${id}/evidence`;
  expect(await api.send('POST', url, { as, body: { links } })).toMatchObject({
    status: 200,
    body: { evidence: links, evidence_files: [] },
  });
  await upload(id, PDF, 'scan.pdf', { note: 'the port is shut' });
  const history = await api.send('GET', `/v1/exceptions/${id}/history`, { as });
  expect(history.body.items.at(-1).data.note).toBe('the port is shut');
  expectProblem(await upload(id, PNG, 'a.png', { note: ' ' }), 422, 'invalid-record');
});

test('the same file again changes nothing, with the same key or without', async () => {
  const { exception_id: id } = await draft(api);
  const first = await upload(id, PDF, 'scan.pdf', { key: 'k' });
  expect((await upload(id, PDF, 'scan.pdf', { key: 'k' })).body).toEqual(first.body);
  expect((await upload(id, PDF, 'other.pdf')).body).toEqual(first.body);
  expectProblem(await upload(id, PNG, 'shot.png', { key: 'k' }), 422, 'idempotency-mismatch');
});

describe('a download', () => {
  const get = (id: string, digest: string, token = api.tokens.auditor) =>
    api.send('GET', `/v1/exceptions/${id}/evidence/${digest}`, { token });

  test('never runs in a browser', async () => {
    const { exception_id: id } = await draft(api);
    await upload(id, PDF, 'Prüf "1".pdf'.replaceAll('"', '%22'));
    await upload(id, Buffer.from('a,b'), 'a.csv');
    const { headers, text } = await get(id, sha256(PDF));
    expect(text).toBe(PDF.toString());
    expect(headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': expect.stringMatching(
        /^attachment; filename="Pr_f [^"]*"; filename\*=UTF-8''Pr%C3%BCf/,
      ),
      'content-length': String(PDF.length),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    });
    const csv = await get(id, sha256(Buffer.from('a,b')));
    expect(csv.headers['content-type']).toBe('application/octet-stream');
  });

  test('is of the record that has the file, in its own tenant', async () => {
    const { exception_id: id } = await draft(api);
    const content = randomBytes(20).toString('hex');
    await upload(id, Buffer.from(content), 'memo.txt');
    const digest = sha256(Buffer.from(content));
    expect((await get(id, digest)).text).toBe(content);
    const other = await draft(api);
    expectProblem(await get(other.exception_id, digest), 404, 'not-found');
    const stranger = await api.addTenant();
    expectProblem(await get(id, digest, stranger.tokens.auditor), 404, 'not-found');
    const theirs = await api.send('POST', '/v1/exceptions', {
      token: stranger.tokens.requestor,
      body: COMPLETE,
    });
    const there = get(theirs.body.exception_id, digest, stranger.tokens.auditor);
    expectProblem(await there, 404, 'not-found');
    expectProblem(await get(id, 'A'.repeat(64)), 400, 'invalid-request');
  });

  test('says where a file is gone from the store', async () => {
    const { exception_id: id } = await draft(api);
    const content = Buffer.from('soon gone');
    await upload(id, content, 'memo.txt');
    rmSync(pathOf(sha256(content)));
    expectProblem(await get(id, sha256(content)), 503, 'unavailable');
  });
});

describe('what was uploaded and is named by no event', () => {
  test('is swept after an hour, and never what a record has', async () => {
    const closed = await recordIn(api, 'Closed');
    await api.send('POST', `/v1/exceptions/${closed.exception_id}/archive`, { as, body: {} });
    const orphan = Buffer.from('for a record that is frozen');
    expectProblem(await upload(closed.exception_id, orphan, 'late.txt'), 409, 'wrong-state');
    const kept = Buffer.from('for one that is not');
    const { exception_id: id } = await draft(api);
    await upload(id, kept, 'memo.txt');
    await api.lapse.loop.settle();
    expect(readFileSync(pathOf(sha256(orphan)))).toEqual(orphan);
    realNow += 61 * 60_000;
    await api.lapse.loop.settle();
    expect(() => statSync(pathOf(sha256(orphan)))).toThrow('ENOENT');
    expect(readFileSync(pathOf(sha256(kept)))).toEqual(kept);
    const { rows } = await api.admin.query('SELECT FROM lapse.stored_files WHERE kept_at IS NULL');
    expect(rows).toEqual([]);
    expect((await upload(id, orphan, 'late.txt')).status).toBe(200);
  });

  test('takes what a server had begun to store when it was killed along', async () => {
    const { exception_id: id } = await draft(api);
    await upload(id, PDF, 'scan.pdf');
    const begun = join(dirname(pathOf(sha256(PDF))), `.${sha256(PDF)}.0123456789ab.tmp`);
    writeFileSync(begun, 'half of');
    await api.lapse.loop.settle();
    expect(readFileSync(begun, 'utf8')).toBe('half of');
    realNow += 61 * 60_000;
    await api.lapse.loop.settle();
    expect(() => statSync(begun)).toThrow('ENOENT');
    expect(readFileSync(pathOf(sha256(PDF)))).toEqual(PDF);
  });

  test('waits while a sweep is at it', async () => {
    const content = Buffer.from('swept at this moment');
    const { exception_id: id } = await draft(api);
    await api.admin.query(
      `INSERT INTO lapse.stored_files (tenant_id, digest, size, claimed_at, sweeping_at)
       VALUES ($1, $2, 1, now(), now())`,
      [api.tenantId, sha256(content)],
    );
    expectProblem(await upload(id, content, 'memo.txt'), 503, 'unavailable');
  });
});

describe('evidence of the record', () => {
  test('closes a criterion, where the record has it', async () => {
    const { exception_id: id } = await recordIn(api, 'Active');
    const digest = sha256(PDF);
    const close = () =>
      api.send('POST', `/v1/exceptions/${id}/close`, {
        as,
        body: {
          evidence: [
            { criterion: 'c1', digest },
            { criterion: 'c2', link: 'https://example.com/pr/2' },
          ],
        },
      });
    const refused = await close();
    expectProblem(refused, 422, 'missing-evidence');
    expect(refused.body.detail).toContain('add the file as evidence first');
    await upload(id, PDF, 'scan.pdf');
    const closed = await close();
    expect(closed.body.closed.evidence).toEqual([
      { criterion: 'c1', digest },
      { criterion: 'c2', link: 'https://example.com/pr/2' },
    ]);
  });

  test('is an artifact, from submission on only where the record has it', async () => {
    const digest = sha256(PDF);
    const artifacts = [{ kind: 'memo', evidence: digest }];
    const { exception_id: id } = await draft(api, { artifacts });
    const submit = () => api.send('POST', `/v1/exceptions/${id}/submit`, { as, body: {} });
    const refused = await submit();
    expectProblem(refused, 422, 'incomplete-record');
    expect(refused.body.errors).toMatchObject([{ path: 'artifacts.0.evidence' }]);
    await upload(id, PDF, 'memo.pdf');
    const submitted = await submit();
    expect(submitted.body).toMatchObject({ status: 'Under-Review', artifacts });
    const foreign = await api.send('PATCH', `/v1/exceptions/${id}`, {
      as,
      body: { artifacts: [{ kind: 'memo', evidence: sha256(PNG) }] },
      headers: { 'if-match': String(submitted.headers.etag) },
    });
    expectProblem(foreign, 422, 'incomplete-record');
  });

  test('is a link or a digest, never both or none', async () => {
    for (const named of [{}, { link: 'a', digest: sha256(PDF) }]) {
      const answer = await api.send('POST', '/v1/exceptions/EXC_1/close', {
        as,
        body: { evidence: [{ criterion: 'c1', ...named }] },
      });
      expectProblem(answer, 422, 'invalid-record');
    }
  });
});
