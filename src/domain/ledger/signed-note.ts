import { decodeBase64, encodeBase64, utf8Bytes, utf8Text } from './encoding.ts';
import { LedgerFormatError } from './format-error.ts';
import { assertKeyName } from './verifier-key.ts';

/** One signature line of a note. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  /** At least 1 byte; 64 for Ed25519. */
  readonly signature: Uint8Array;
}

/** A text and who claims to have signed it: nothing is trusted until `openNote` has verified it. */
export interface SignedNote {
  /** Ends in a newline, which is signed too. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Port: one private key, wherever it is kept. `sign` gives the 64 bytes of Ed25519 over `text`. */
export interface NoteSigner {
  readonly name: string;
  /** 4 bytes, see `noteKeyId`. */
  readonly keyId: Uint8Array;
  sign(text: Uint8Array): Promise<Uint8Array>;
}

/** More are refused. The standard asks for at least 16; the Go implementation accepts 100. */
export const MAX_NOTE_SIGNATURES = 100;
/** Longer notes are refused, in characters; the Go implementation accepts a million bytes. */
const MAX_NOTE_LENGTH = 1_000_000;

const KEY_ID_BYTES = 4;
const LINE_START = '\u2014 ';

/**
 * Writes a note. Source: C2SP signed-note, "Format".
 * @throws {@link LedgerFormatError} where the result would not parse.
 */
export function formatSignedNote(note: SignedNote): string {
  const lines = note.signatures.map(({ name, keyId, signature }) => {
    if (keyId.length !== KEY_ID_BYTES) throw new LedgerFormatError('a key id is 4 bytes');
    const bytes = Uint8Array.of(...keyId, ...signature);
    return `${LINE_START}${name} ${encodeBase64(bytes)}\n`;
  });
  const written = `${note.text}\n${lines.join('')}`;
  if (parseSignedNote(written).text !== note.text) {
    throw new LedgerFormatError('the text of a note ends in a newline');
  }
  return written;
}

/** Signs a text that ends in a newline, in the order of the signers, and writes the note. */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  const bytes = utf8Bytes(text);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      name: signer.name,
      keyId: signer.keyId,
      signature: await signer.sign(bytes),
    })),
  );
  return formatSignedNote({ text, signatures });
}

/**
 * Reads a note without verifying it. Source: C2SP signed-note, "Format".
 * @throws {@link LedgerFormatError} for invalid UTF-8, a control character other than newline, no
 * blank line or no signature after it, a malformed signature line, or too many of them.
 */
export function parseSignedNote(note: Uint8Array | string): SignedNote {
  const whole = typeof note === 'string' ? note : utf8Text(note);
  if (whole.length > MAX_NOTE_LENGTH) throw new LedgerFormatError('the note is too long');
  if (!whole.isWellFormed()) throw new LedgerFormatError('the note holds a lone surrogate');
  if (hasControl(whole)) throw new LedgerFormatError('the note holds a control character');
  const blank = whole.lastIndexOf('\n\n');
  if (blank < 0) throw new LedgerFormatError('no blank line ends the text of the note');
  const lines = whole.slice(blank + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0) {
    throw new LedgerFormatError('a note ends in signature lines, each with its newline');
  }
  if (lines.length > MAX_NOTE_SIGNATURES) {
    throw new LedgerFormatError(`a note has at most ${MAX_NOTE_SIGNATURES} signatures`);
  }
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const [name, encoded, ...more] = line.slice(LINE_START.length).split(' ');
  if (!line.startsWith(LINE_START) || name === undefined || !encoded || more.length > 0) {
    throw new LedgerFormatError('a signature line is: em dash, name, base64, by single spaces');
  }
  assertKeyName(name);
  const bytes = decodeBase64(encoded);
  if (bytes.length <= KEY_ID_BYTES) throw new LedgerFormatError('a signature is cut short');
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

/** Whether the text holds a character below U+0020 other than newline. */
function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}
