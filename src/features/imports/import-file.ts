import {
  type ImportContext,
  type ImportReading,
  importRecord,
} from '../../domain/exception/import-record.ts';
import type { Remark } from '../../domain/exception/import-remarks.ts';
import type { DocumentProblem } from '../../platform/documents/document-problem.ts';
import type { ReadDocument } from '../../platform/documents/read-chunk.ts';
import { readDocuments } from '../../platform/documents/read-documents.ts';
import { MAX_FILE_BYTES, type PlacedRemark } from './import-schemas.ts';

/** A record of a file that can be drafted, with its place. */
export interface FileRecord {
  readonly title: string;
  readonly line: number;
  readonly draft: NonNullable<ImportReading['draft']>;
  readonly notes: readonly PlacedRemark[];
  readonly warnings: readonly PlacedRemark[];
  /** A remark on this record as it is answered. */
  place(remark: Omit<Remark, 'rule'>): PlacedRemark;
}

/** What a file gives, in its order: records, and what is wrong with it. */
export type FilePart =
  | { readonly record: FileRecord }
  | { readonly problems: readonly PlacedRemark[] };

/** Reads a file record by record; no more than one is held at a time. */
export async function* readImportFile(
  bytes: AsyncIterable<Uint8Array>,
  context: ImportContext,
): AsyncGenerator<FilePart, void> {
  for await (const result of readDocuments(bytes, { maxFileBytes: MAX_FILE_BYTES })) {
    if ('problem' in result) yield { problems: [outsideOfFields(result.problem)] };
    else yield readRecord(result.document, context);
  }
}

function readRecord(document: ReadDocument, context: ImportContext): FilePart {
  const { draft, problems, notes, warnings } = importRecord(document.value, context);
  const place = (remark: Omit<Remark, 'rule'>) => placed(document, remark);
  if (!draft) return { problems: problems.map(place) };
  return {
    record: {
      title: draft.fields.title,
      line: document.positionOf([]).line,
      draft,
      notes: inOrder(notes.map(place)),
      warnings: inOrder([...document.warnings.map(outsideOfFields), ...warnings.map(place)]),
      place,
    },
  };
}

/** Keys come from the file, and a hostile one must not make the answer large. */
const SHOWN_PATH = 200;

function placed(document: ReadDocument, { path, message }: Omit<Remark, 'rule'>): PlacedRemark {
  const { line, column } = document.positionOf(path);
  return { path: path.join('.').slice(0, SHOWN_PATH), message, line, column };
}

function outsideOfFields({ message, position }: DocumentProblem): PlacedRemark {
  const { line, column } = position;
  return { path: '', message, line, column };
}

/** Sorted by place in the file. */
export function inOrder(remarks: readonly PlacedRemark[]): PlacedRemark[] {
  return remarks.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
