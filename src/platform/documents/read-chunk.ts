import { isMap, isSeq, type ParsedNode } from 'yaml';
import {
  createProblem,
  type DocumentProblem,
  orderProblems,
  type Position,
} from './document-problem.ts';
import { formatBytes, type Limits } from './limits.ts';
import type { Chunk } from './open-chunk.ts';
import { type Objection, parseChunk } from './parse-chunk.ts';
import { OffsetPlaces } from './place-offsets.ts';
import { findPosition, type PositionTree } from './position-tree.ts';
import { readNode } from './read-node.ts';
import { RecordReading } from './record-reading.ts';

/** One record as read from a file. */
export interface ReadDocument {
  /** 0-based among the records of the file; those that were refused count as well. */
  readonly index: number;
  readonly value: unknown;
  /**
   * Where the value at `path` stands, or its key where the value is empty; where there is nothing,
   * the nearest value above it. A value that an alias stands for is where the alias stands.
   */
  positionOf(path: readonly (string | number)[]): Position;
  /** What was read otherwise than it is written. */
  readonly warnings: readonly DocumentProblem[];
}

/** What came of one record, before it has its number: the record, or all that is wrong with it. */
export type RecordOutcome =
  | { readonly problems: readonly DocumentProblem[] }
  | Omit<ReadDocument, 'index'>;

const NOT_A_RECORD = 'A record is a mapping of fields, such as "title: …" and "category: …"';

/** Parses one chunk and reads its records; one outcome each, in the order of the file. */
export function* readChunk(chunk: Chunk, limits: Limits): Generator<RecordOutcome, void> {
  if (chunk.problems.length > 0) {
    yield { problems: orderProblems(chunk.problems) };
    return;
  }
  const places = new OffsetPlaces(chunk);
  const { contents, errors, objections } = parseChunk(chunk.text, places, limits);
  if (errors.length > 0) {
    const all = [...errors, ...objections.map(({ problem }) => problem)];
    yield { problems: orderProblems(all) };
    return;
  }
  const rest = objections.toSorted((a, b) => a.offset - b.offset);
  for (const node of findRecords(contents, chunk)) {
    const objected = rest.splice(0, countBefore(rest, node.range[2]));
    const size = chunk.mayBeList
      ? Buffer.byteLength(chunk.text.slice(node.range[0], node.range[1]))
      : 0;
    if (size > limits.maxRecordBytes) {
      const message = `This record is larger than a record may be (${formatBytes(limits.maxRecordBytes)}).`;
      const place = places.at(node.range[0]);
      yield { problems: [createProblem(message, place, 'maxRecordBytes')] };
    } else yield readRecord(node, new RecordReading(places, limits), objected);
  }
  if (rest.length > 0) yield { problems: orderProblems(rest.map(({ problem }) => problem)) };
}

function findRecords(contents: ParsedNode | undefined, chunk: Chunk): readonly ParsedNode[] {
  if (!contents || isBlank(chunk.text)) return [];
  return chunk.mayBeList && isSeq(contents) ? contents.items : [contents];
}

function readRecord(
  node: ParsedNode,
  reading: RecordReading,
  objections: readonly Objection[],
): RecordOutcome {
  if (!isMap(node)) {
    const kind = isSeq(node) ? 'a list' : node.range[0] === node.range[1] ? 'empty' : 'one value';
    reading.refuse(`${NOT_A_RECORD}; this is ${kind}.`, node.range[0]);
  }
  const { value, places: tree } = isMap(node)
    ? readNode(node, 0, reading)
    : { value: null, places: reading.places.at(node.range[0]) as PositionTree };
  const problems = [...reading.problems, ...objections.map(({ problem }) => problem)];
  if (problems.length > 0) return { problems: orderProblems(problems) };
  const warnings = orderProblems(reading.warnings);
  return { value, warnings, positionOf: (path) => findPosition(tree, path) };
}

function countBefore(objections: readonly Objection[], end: number): number {
  const at = objections.findIndex(({ offset }) => offset >= end);
  return at === -1 ? objections.length : at;
}

/** `---` with nothing after it but blanks, where a comment would have been skipped before. */
function isBlank(text: string): boolean {
  return /^(?:---)?\s*$/.test(text);
}
