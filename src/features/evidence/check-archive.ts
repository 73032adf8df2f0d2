import { fileTypeFromBuffer } from 'file-type';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { DomainError } from '../../domain/errors.ts';
import { endingOf } from './file-kinds.ts';
import { fileRefusal } from './file-refusal.ts';

const MOST_ENTRIES = 1_000;
/** Enough of an entry to tell what it is; an entry is never unpacked further. */
const BEGINNING = 4_100;

/** Endings of what systems run, or open as a page. */
const RUNS = new Set(
  'apk app appimage bat bin cmd com cpl deb dll dmg docm dotm dylib exe hta htm html inf jar js jse lnk mjs msc msi msix ppam ppsm pptm ps1 psm1 py pyc rb reg rpm scr sh so svg sys vb vbe vbs wasm ws wsf xhtml xht xlam xlsm xltm'.split(
    ' ',
  ),
);
const ARCHIVES = new Set('7z bz2 cab gz iso rar tar tgz xz zip zst'.split(' '));
/** What its bytes tell as an archive too, and is not looked into further: it opens in its own program. */
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

/**
 * Looks at every entry of a ZIP file: refuses programs, scripts and pages, archives inside of it,
 * macros, and what cannot be looked at. `isDocument` says that it is an office document.
 */
export async function checkArchive(
  descriptor: number,
  { isDocument }: { readonly isDocument: boolean },
): Promise<void> {
  const zip = await opened(descriptor);
  if (zip.entryCount > MOST_ENTRIES) {
    throw fileRefusal(`holds more than ${MOST_ENTRIES} files`, 'pack fewer, or several archives');
  }
  try {
    for await (const entry of zip.eachEntry()) await checkEntry(zip, entry, isDocument);
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

async function checkEntry(zip: ZipFile, entry: Entry, isDocument: boolean): Promise<void> {
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
}

async function beginningOf(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry);
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      pieces.push(piece as Buffer);
      size += (piece as Buffer).length;
      if (size >= BEGINNING) break;
    }
  } finally {
    stream.destroy();
  }
  return Buffer.concat(pieces).subarray(0, BEGINNING);
}
