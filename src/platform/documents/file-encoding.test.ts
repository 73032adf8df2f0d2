import { describe, expect, test } from 'vitest';
import { cutAt, readAll } from '../../../test/documents/read-all.ts';

const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

describe('the encoding of a file', () => {
  test('a UTF-8 mark is accepted and takes no column', async () => {
    const { documents } = await readAll('\uFEFFtitle: é\n');
    expect(documents[0]?.value).toEqual({ title: 'é' });
    expect(documents[0]?.positionOf(['title'])).toEqual({ line: 1, column: 8 });
  });

  test.each([
    ['little-endian with a mark', Buffer.from('\uFEFFtitle: x\n', 'utf16le')],
    ['little-endian without', Buffer.from('title: x\n', 'utf16le')],
    ['big-endian with a mark', Buffer.from('\uFEFFtitle: x\n', 'utf16le').swap16()],
    ['big-endian without', Buffer.from('title: x\n', 'utf16le').swap16()],
  ])('UTF-16 %s is refused', async (_name, bytes) => {
    for (const pieces of [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))]) {
      const { documents, complaints } = await readAll(pieces);
      expect(documents).toEqual([]);
      expect(complaints).toEqual(['1:1 The file is UTF-16 or holds zero bytes. Save it as UTF-8.']);
    }
  });

  test('a byte that is not UTF-8 is told where it stands, and later records are read', async () => {
    const bytes = latin1('- a: 1\n- ok: x\n  b: caf\xe9 x\n  c: \xc3\xa9\xff\n- a: 2\n');
    for (const pieces of [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))]) {
      const { values, complaints } = await readAll(pieces);
      expect(values).toEqual([{ a: 1 }, { a: 2 }]);
      expect(complaints).toEqual([
        '3:9 The byte 0xE9 is not UTF-8. Save the file as UTF-8.',
        '4:7 The byte 0xFF is not UTF-8. Save the file as UTF-8.',
      ]);
    }
  });

  test.each([
    ['a surrogate', '\xed\xa0\x80', 'ED'],
    ['an overlong form', '\xc0\xaf', 'C0'],
    ['beyond U+10FFFF', '\xf4\x90\x80\x80', 'F4'],
    ['a sequence that breaks off', '\xf0\x9f\x98', 'F0'],
  ])('%s', async (_name, bytes, first) => {
    const { complaints } = await readAll(latin1(`a: 1\nb: ${bytes}`));
    expect(complaints[0]).toBe(`2:4 The byte 0x${first} is not UTF-8. Save the file as UTF-8.`);
  });

  test('a character cut apart by the pieces is whole', async () => {
    const bytes = new TextEncoder().encode('a: 😀é\r\n');
    for (let at = 0; at <= bytes.length; at += 1) {
      const { values } = await readAll(cutAt(bytes, [at]));
      expect(values).toEqual([{ a: '😀é' }]);
    }
  });

  test.each([
    ['a: x\0\n', '1:5 The control character U+0000 may not stand in a file. Remove it.'],
    [
      'a: 1\nb: "\u001b[1m"\n',
      '2:5 The control character U+001B may not stand in a file. Remove it.',
    ],
    ['a: x\u0085y\u0099\n', '1:7 The control character U+0099 may not stand in a file. Remove it.'],
    ['# x\u0007\na: 1\n', '1:4 The control character U+0007 may not stand in a file. Remove it.'],
    ['a: 1\n\uFEFFb: 1\n', '2:1 A byte order mark (U+FEFF) inside the file. Remove it.'],
    ['a: 1\rb: 1\n', '1:5 A carriage return that ends no line. End lines with LF or CR LF.'],
  ])('%j', async (text, complaint) => {
    const { complaints } = await readAll(text);
    expect(complaints).toEqual([complaint]);
  });
});
