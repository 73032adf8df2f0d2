import type { ImportContext } from '../../domain/exception/import-record.ts';
import type { PlaceRemark } from '../../domain/exception/import-remarks.ts';
import type { DocumentProblem } from '../../platform/documents/document-problem.ts';
import type { ReadDocument } from '../../platform/documents/read-chunk.ts';
import { readDocuments } from '../../platform/documents/read-documents.ts';
import { readCsvRecords } from './csv-records.ts';
import { MAX_FILE_BYTES, MAX_RECORD_BYTES, type PlacedRemark } from './import-schemas.ts';
import type { ImportSource } from './import-services.ts';
import { type FilePart, readRecord } from './record-part.ts';

/** Reads a file record by record; no more than one is held at a time. */
export async function* readImportFile(
  file: ImportSource,
  context: ImportContext,
): AsyncGenerator<FilePart, void> {
  const { form } = file;
  if (form.format === 'csv') {
    yield* readCsvRecords(file.read(), form, context);
    return;
  }
  const limits = { maxFileBytes: MAX_FILE_BYTES, maxRecordBytes: MAX_RECORD_BYTES };
  const parted = form.format === 'jsonl' ? 'lines' : 'documents';
  for await (const result of readDocuments(file.read(), limits, parted)) {
    if ('problem' in result) yield { problems: [outsideOfFields(result.problem)] };
    else yield readDocument(result.document, context);
  }
}

function readDocument(document: ReadDocument, context: ImportContext): FilePart {
  return readRecord(
    {
      value: document.value,
      line: document.positionOf([]).line,
      problems: [],
      warnings: document.warnings.map(outsideOfFields),
      place: (remark) => placed(document, remark),
    },
    context,
  );
}

/** Keys come from the file, and a hostile one must not make the answer large. */
const SHOWN_PATH = 200;

function placed(document: ReadDocument, { path, message }: PlaceRemark): PlacedRemark {
  const { line, column } = document.positionOf(path);
  return { path: path.join('.').slice(0, SHOWN_PATH), message, line, column };
}

function outsideOfFields({ message, position }: DocumentProblem): PlacedRemark {
  const { line, column } = position;
  return { path: '', message, line, column };
}
