import { fileRefusal } from './file-refusal.ts';

const LONGEST = 255;
const FOLDER = /[/\\]/;
// Control characters, and those that turn the direction of what follows: an ending must be what is read.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A file's name as the ledger may keep it; refuses a path and what shows otherwise than it is. */
export function checkedName(name: string): string {
  const passes = 'name it like scan-2026-03.pdf';
  if (name.trim() === '' || name !== name.trim()) {
    throw fileRefusal('needs a name without blanks at its ends', passes);
  }
  if (FOLDER.test(name) || name === '.' || name === '..') {
    throw fileRefusal('has a path for a name', `send the name alone, without folders: ${passes}`);
  }
  if (!name.isWellFormed() || HIDDEN.test(name)) {
    throw fileRefusal('has a name with control characters or invisible ones', passes);
  }
  if (Buffer.byteLength(name) > LONGEST) {
    throw fileRefusal(`has a name of more than ${LONGEST} bytes`, passes);
  }
  return name;
}

/** The header that lets a browser save a file under its name and do nothing else (RFC 6266). */
export function attachment(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
