import { fileTypeFromBuffer } from 'file-type';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { DomainError } from '../../domain/errors.ts';
import { spool } from '../../platform/http/spooled-file.ts';
import { endingOf } from './file-kinds.ts';
import { fileRefusal } from './file-refusal.ts';

const MOST_ENTRIES = 1_000;
/** Enough of an entry to tell what it is; only documents are unpacked further. */
const BEGINNING = 4_100;
/** Where an office document (ISO/IEC 29500-2) lists the types of its parts. */
const TYPES = '[Content_Types].xml';
const MOST_TYPES = 1024 * 1024;
/** A document may lie in a ZIP or a document, and that one in another. */
const MOST_DEPTH = 2;
const MOST_UNPACKED = {
  bytes: 100 * 1024 * 1024,
  of: 'the documents of an archive',
  mend: 'send them one by one',
};

/** Endings of what systems run, or open as a page. */
const RUNS = new Set(
  'apk app appimage bat bin cmd com cpl deb dll dmg docm dotm dylib exe hta htm html inf jar js jse lnk mjs msc msi msix ppam ppsm pptm ps1 psm1 py pyc rb reg rpm scr sh so svg sys vb vbe vbs wasm ws wsf xhtml xht xlam xlsm xltm'.split(
    ' ',
  ),
);
const ARCHIVES = new Set('7z bz2 cab gz iso rar tar tgz xz zip zst'.split(' '));
/** What its bytes tell as an archive too, and is looked into as a document of its own. */
const DOCUMENTS = new Set('docx xlsx pptx odt ods odp'.split(' '));
/** Where office documents keep programs of their own. */
const MACROS = /(?:^|\/)(?:vbaProject\.bin|macrosheets\/|Basic\/|Scripts\/)/i;
/** Types that run, as they are told by their first bytes. */
const PROGRAM =
  /^application\/(?:x-(?:msdownload|elf|mach-binary|executable|sharedlib|deb|rpm|ms-shortcut|apple-diskimage|cfb|nintendo.*)|java-vm|wasm|vnd\.(?:android|microsoft\.portable-executable).*)/;

/** Whether a type that was told by its bytes is a program, a library or an installer. */
export function isProgram(mime: string): boolean {
  return PROGRAM.test(mime);
}

/** What is looked into: the file itself, or a document that lies in it. */
interface Looked {
  readonly isDocument: boolean;
  /** How many documents it lies in. */
  readonly depth: number;
  /** What of the whole upload has been unpacked so far. */
  readonly unpacked: { bytes: number };
}

/**
 * Looks at every entry of a ZIP file: refuses programs, scripts and pages, archives inside of it,
 * macros, and what cannot be looked at. `isDocument` says that it is an office document. Documents
 * inside are unpacked onto the disk, one at a time, and looked into as well.
 */
export async function checkArchive(
  descriptor: number,
  { isDocument }: { readonly isDocument: boolean },
): Promise<void> {
  await lookInto(descriptor, { isDocument, depth: 0, unpacked: { bytes: 0 } });
}

async function lookInto(descriptor: number, looked: Looked): Promise<void> {
  const zip = await opened(descriptor);
  if (zip.entryCount > MOST_ENTRIES) {
    throw fileRefusal(`holds more than ${MOST_ENTRIES} files`, 'pack fewer, or several archives');
  }
  try {
    for await (const entry of zip.eachEntry()) await checkEntry(zip, entry, looked);
  } catch (error) {
    throw error instanceof DomainError ? error : damaged();
  }
}

async function opened(descriptor: number): Promise<ZipFile> {
  try {
    return await fromFdPromise(descriptor, { lazyEntries: true, autoClose: false });
  } catch {
    throw damaged();
  }
}

function damaged() {
  return fileRefusal('is a ZIP file that cannot be read whole', 'pack it again');
}

async function checkEntry(zip: ZipFile, entry: Entry, looked: Looked): Promise<void> {
  const { isDocument } = looked;
  const name = entry.fileName;
  const shown = JSON.stringify(name.slice(0, 100));
  if (name.endsWith('/')) return;
  if (entry.isEncrypted()) {
    throw fileRefusal(`holds ${shown}, which is locked by a password and cannot be looked at`);
  }
  if (isDocument && MACROS.test(name))
    throw fileRefusal(`holds macros (${shown})`, 'save it without macros');
  const ending = endingOf(name);
  // Settings of printers and embedded objects of office documents end so.
  const isPart = isDocument && ending === 'bin';
  if (RUNS.has(ending) && !isPart) throw fileRefusal(`holds ${shown}, which can run`);
  const first = await beginningOf(zip, entry);
  const found = await fileTypeFromBuffer(first);
  const isNested = found !== undefined && ARCHIVES.has(found.ext) && !DOCUMENTS.has(ending);
  if (isNested || ARCHIVES.has(ending)) {
    throw fileRefusal(`holds another archive, ${shown}`, 'pack its files themselves');
  }
  if (
    (found && isProgram(found.mime) && !(isPart && found.ext === 'cfb')) ||
    first.subarray(0, 2).toString() === '#!'
  ) {
    throw fileRefusal(`holds ${shown}, which is a program${found ? ` (${found.mime})` : ''}`);
  }
  if (isDocument && name === TYPES) await checkTypes(zip, entry);
  else if (DOCUMENTS.has(ending)) await lookIntoDocument(zip, entry, looked, shown);
}

/** An office document says of each part what it is, so that no name hides a macro. */
async function checkTypes(zip: ZipFile, entry: Entry): Promise<void> {
  if (entry.uncompressedSize > MOST_TYPES) throw damaged();
  const text = (await beginningOf(zip, entry, MOST_TYPES)).toString();
  // UTF-16 is allowed as well, and shows no word of what is looked for.
  if (text.includes('\0')) throw damaged();
  if (/macroEnabled|vbaProject|macrosheet/i.test(text)) {
    throw fileRefusal('holds macros (by its list of types)', 'save it without macros');
  }
}

/** A document inside of a file opens in its own program, with whatever that holds. */
async function lookIntoDocument(
  zip: ZipFile,
  entry: Entry,
  { depth, unpacked }: Looked,
  shown: string,
): Promise<void> {
  if (depth === MOST_DEPTH) {
    throw fileRefusal(`holds ${shown} in too many others to look into`, 'pack it by itself');
  }
  unpacked.bytes += entry.uncompressedSize;
  if (unpacked.bytes > MOST_UNPACKED.bytes) {
    throw fileRefusal('holds documents of more than 100 MB', 'send them one by one');
  }
  // What unpacks to another size than it announces is broken off by the reader.
  const file = await spool(await zip.openReadStreamPromise(entry), MOST_UNPACKED);
  try {
    await lookInto(file.descriptor, { isDocument: true, depth: depth + 1, unpacked });
  } finally {
    await file.close();
  }
}

async function beginningOf(zip: ZipFile, entry: Entry, most = BEGINNING): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry);
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      pieces.push(piece as Buffer);
      size += (piece as Buffer).length;
      if (size >= most) break;
    }
  } finally {
    stream.destroy();
  }
  return Buffer.concat(pieces).subarray(0, most);
}
