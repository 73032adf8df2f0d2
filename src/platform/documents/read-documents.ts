import { type Decoded, Utf8Decoder } from './decode-utf8.ts';
import { DocumentReader, type FileForm, type ReadResult } from './document-reader.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';

/** A source may hand over a whole file as one piece; its text is made in pieces all the same. */
const PIECE = 64 * 1024;

/**
 * Reads the records of a YAML 1.2 or JSON file: one record, a list of records, or several
 * documents parted by `---`. Gives one result for each record as soon as it is complete and holds
 * no more than one record (or `maxDocumentBytes`) at a time. Nothing is thrown for what the file
 * holds; an error of the source itself passes through.
 *
 * @param source the file's bytes, cut in any way
 * @param limits overrides of the defaults in `limits.ts`; sizes in bytes
 * @param form `lines` for JSON lines, which are no YAML
 */
export async function* readDocuments(
  source: AsyncIterable<Uint8Array>,
  limits: Partial<Limits> = {},
  form: FileForm = 'documents',
): AsyncGenerator<ReadResult, void> {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const reader = new DocumentReader(all, form);
  const decoder = new Utf8Decoder();
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.byteLength;
    if (bytes > all.maxFileBytes) yield* reader.refuseSize();
    for (let from = 0; from < piece.byteLength && !reader.stopped; from += PIECE) {
      yield* readDecoded(decoder.push(piece.subarray(from, from + PIECE)), reader);
    }
    if (reader.stopped) return;
  }
  yield* readDecoded(decoder.end(), reader);
  yield* reader.end();
}

/** The same for text that is in memory already; a byte order mark at its start is left out. */
export async function* readDocumentsFromText(
  text: string,
  limits: Partial<Limits> = {},
): AsyncGenerator<ReadResult, void> {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const reader = new DocumentReader(all);
  if (Buffer.byteLength(text) > all.maxFileBytes) yield* reader.refuseSize();
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  for (let from = start; from < text.length && !reader.stopped; from += PIECE) {
    yield* reader.push(text.slice(from, from + PIECE));
  }
  yield* reader.end();
}

function* readDecoded(
  parts: Iterable<Decoded>,
  reader: DocumentReader,
): Generator<ReadResult, void> {
  for (const part of parts) {
    if (reader.stopped) return;
    if (part === 'utf-16') yield* reader.refuseEncoding();
    else if ('text' in part) yield* reader.push(part.text);
    else yield* reader.pushBadByte(part.badByte);
  }
}
