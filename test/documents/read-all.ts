import type { DocumentProblem } from '../../src/platform/documents/document-problem.ts';
import type { ReadResult } from '../../src/platform/documents/document-reader.ts';
import type { Limits } from '../../src/platform/documents/limits.ts';
import type { ReadDocument } from '../../src/platform/documents/read-chunk.ts';
import { readDocuments } from '../../src/platform/documents/read-documents.ts';

export interface ReadAll {
  readonly documents: readonly ReadDocument[];
  readonly values: readonly unknown[];
  readonly problems: readonly DocumentProblem[];
  /** `line:column message`, which tests compare most easily. */
  readonly complaints: readonly string[];
}

/** Reads a whole file and sorts the results; the pieces are the bytes as they would arrive. */
export async function readAll(
  file: string | Uint8Array | readonly Uint8Array[],
  limits?: Partial<Limits>,
): Promise<ReadAll> {
  const whole = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  return sortResults(
    readDocuments(toSource(whole instanceof Uint8Array ? [whole] : whole), limits),
  );
}

export async function sortResults(results: AsyncIterable<ReadResult>): Promise<ReadAll> {
  const documents: ReadDocument[] = [];
  const problems: DocumentProblem[] = [];
  for await (const result of results) {
    if ('problem' in result) problems.push(result.problem);
    else documents.push(result.document);
  }
  const complaints = problems.map(
    ({ message, position }) => `${position.line}:${position.column} ${message}`,
  );
  return {
    documents,
    values: documents.map(({ value }) => value),
    problems,
    complaints,
  };
}

async function* toSource(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** Cuts bytes at the given places, in any order and number. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
  const starts = [0, ...sorted];
  return starts.map((start, i) => bytes.slice(start, starts[i + 1]));
}
