import { DomainError } from '../../domain/errors.ts';
import type { ImportQuery } from './import-schemas.ts';

/** How a file is read. */
export interface FileForm {
  /** `yaml` takes JSON as well. */
  readonly format: 'yaml' | 'jsonl' | 'csv';
  /** What parts the cells of a CSV file; found in its header when left out. */
  readonly delimiter?: string | undefined;
  /** The field by the name of a column; an empty one leaves the column out. */
  readonly columns: ReadonlyMap<string, string>;
}

/** JSON is YAML; it is read like any other file here, with positions and without other limits. */
export const MEDIA_TYPES: Readonly<Record<string, FileForm['format']>> = {
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
  'application/json': 'yaml',
  'application/x-ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
  'text/csv': 'csv',
};

const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t' } as const;

/** The form that a request says its file has. */
export function fileForm(contentType: string, { delimiter, map }: ImportQuery): FileForm {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const format = MEDIA_TYPES[type] ?? 'yaml';
  const columns = new Map([map ?? []].flat().map(readMapping));
  if (format !== 'csv' && (delimiter !== undefined || columns.size > 0)) {
    throw new DomainError(
      'invalid-request',
      `delimiter and map are for CSV files; send the file as text/csv, or leave them out`,
    );
  }
  return { format, columns, delimiter: delimiter && DELIMITERS[delimiter] };
}

/** `Column=field`; the name of a column may hold an equals sign itself, that of a field does not. */
function readMapping(text: string): [string, string] {
  const at = text.lastIndexOf('=');
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
