import { crc32 } from 'node:zlib';

const bytes = (...parts: (string | readonly number[])[]) =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part),
    ),
  );

const IHDR = [
  0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b,
  0x55,
];
const IDAT = [0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xaf, 0x06, 0x1e];

export const PNG = bytes([0x89], 'PNG\r\n', [0x1a, 0x0a], IHDR, IDAT);
export const JPEG = bytes(
  [0xff, 0xd8, 0xff, 0xe0, 0, 16],
  'JFIF',
  [0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xd9],
);
export const GIF = bytes('GIF89a', [1, 0, 1, 0, 0, 0, 0, 0x3b]);
export const WEBP = bytes(
  'RIFF',
  [0x1a, 0, 0, 0],
  'WEBPVP8L',
  [0x0d, 0, 0, 0, 0x2f, 0, 0, 0, 0x10, 7, 0x10, 0x11, 0x11, 0x88, 0x88, 0xfe, 7, 0],
);
export const PDF = bytes(
  '%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
);
/** The beginnings of programs of Linux, Windows and macOS. */
export const ELF = bytes([0x7f], 'ELF', [2, 1, 1, 0], new Array(120).fill(0));
export const EXE = bytes(
  'MZ',
  [0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0xff, 0xff],
  new Array(120).fill(0),
);
export const MACH_O = bytes([0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1], new Array(120).fill(0));

/** A file of an office suite: the entry that tells its type, and a part. */
export function docx(
  others: Readonly<Record<string, string | Buffer>> = {},
  otherType = 'application/octet-stream',
  main = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml',
): Buffer {
  return zip({
    '[Content_Types].xml': `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="${main}"/><Default Extension="bin" ContentType="${otherType}"/></Types>`,
    'word/document.xml': '<?xml version="1.0"?><w:document/>',
    ...others,
  });
}

/** A document that may have macros, whatever it is called. */
export function docm(): Buffer {
  return docx({}, undefined, 'application/vnd.ms-word.document.macroEnabled.main+xml');
}

/** An archive that packs nothing (APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16). */
export function zip(
  entries: Readonly<Record<string, string | Buffer>>,
  { isLocked = false }: { readonly isLocked?: boolean } = {},
): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const data = Buffer.from(content);
    // The header of what a password locks (section 6.1.3).
    const stored = Buffer.concat([Buffer.alloc(isLocked ? 12 : 0), data]);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(isLocked ? 1 : 0, 2);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([bytes('PK', [3, 4]), common, Buffer.from(name), stored]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([bytes('PK', [1, 2, 20, 0]), common, rest, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, bytes('PK', [5, 6]), end]);
}

/** A form as browsers and curl send it. */
export function form(
  content: Buffer,
  name: string,
  {
    type = 'application/octet-stream',
    note,
    field = 'file',
  }: {
    readonly type?: string;
    readonly note?: string;
    readonly field?: string;
  } = {},
): { readonly raw: Buffer; readonly headers: { readonly 'content-type': string } } {
  const part = (head: string, body: Buffer) =>
    Buffer.concat([Buffer.from(`--sample\r\n${head}\r\n\r\n`), body, Buffer.from('\r\n')]);
  const raw = Buffer.concat([
    note === undefined
      ? Buffer.alloc(0)
      : part('content-disposition: form-data; name="note"', Buffer.from(note)),
    part(
      `content-disposition: form-data; name="${field}"; filename="${name}"\r\ncontent-type: ${type}`,
      content,
    ),
    Buffer.from('--sample--\r\n'),
  ]);
  return { raw, headers: { 'content-type': 'multipart/form-data; boundary=sample' } };
}
