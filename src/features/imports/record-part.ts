import {
  type ImportContext,
  type ImportReading,
  importRecord,
} from '../../domain/exception/import-record.ts';
import type { PlaceRemark } from '../../domain/exception/import-remarks.ts';
import type { PlacedRemark } from './import-schemas.ts';

/** A record of a file that can be drafted, with its place. */
export interface FileRecord {
  readonly title: string;
  readonly line: number;
  readonly draft: NonNullable<ImportReading['draft']>;
  readonly notes: readonly PlacedRemark[];
  readonly warnings: readonly PlacedRemark[];
  /** A remark on this record as it is answered. */
  place(remark: PlaceRemark): PlacedRemark;
}

/** What a file gives, in its order: records, and what is wrong with it. */
export type FilePart =
  | { readonly record: FileRecord }
  | { readonly problems: readonly PlacedRemark[] };

/** A record as it stands in its file. */
export interface GivenRecord {
  readonly value: unknown;
  readonly line: number;
  /** What was found wrong before its value was looked at. */
  readonly problems: readonly PlaceRemark[];
  readonly warnings: readonly PlacedRemark[];
  place(remark: PlaceRemark): PlacedRemark;
}

/** Reads a record as a draft, or tells all that is wrong with it. */
export function readRecord(given: GivenRecord, context: ImportContext): FilePart {
  const { draft, problems, notes, warnings } = importRecord(given.value, context);
  const place = (remark: PlaceRemark) => given.place(remark);
  const wrong = [...given.problems, ...problems];
  if (!draft || wrong.length > 0) return { problems: wrong.map(place) };
  return {
    record: {
      title: draft.fields.title,
      line: given.line,
      draft,
      notes: inOrder(notes.map(place)),
      warnings: inOrder([...given.warnings, ...warnings.map(place)]),
      place,
    },
  };
}

/** Sorted by place in the file. */
export function inOrder(remarks: readonly PlacedRemark[]): PlacedRemark[] {
  return remarks.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
