import { type Fragment, FragmentCutter } from './cut-fragments.ts';
import { createProblem, type DocumentProblem, type Position } from './document-problem.ts';
import { formatBytes, type Limits } from './limits.ts';
import type { Chunk, Split } from './open-chunk.ts';
import { type ReadDocument, readChunk } from './read-chunk.ts';
import { DocumentSplitter } from './split-documents.ts';
import { JsonLinesSplitter } from './split-json-lines.ts';

/** A record, or one thing that is wrong. A record that is refused may give several of them. */
export type ReadResult =
  | { readonly document: ReadDocument }
  | { readonly problem: DocumentProblem };

/** How the records of a file are parted: as YAML and JSON have it, or one JSON object a line. */
export type FileForm = 'documents' | 'lines';

interface Splitter {
  push(fragment: Fragment): Iterable<Split>;
  end(): Iterable<Split>;
}

const NO_RECORD =
  'There is no record in this file. A record is a mapping of fields such as "title: …"; several stand in a list ("- title: …") or are parted by lines of "---".';

/** Takes the text of a file in pieces of any size and gives records as they become complete. */
export class DocumentReader {
  readonly #limits: Limits;
  readonly #cutter = new FragmentCutter();
  readonly #splitter: Splitter;
  #records = 0;
  #problems = 0;
  #stopped = false;

  constructor(limits: Limits, form: FileForm = 'documents') {
    this.#limits = limits;
    this.#splitter =
      form === 'lines' ? new JsonLinesSplitter(limits) : new DocumentSplitter(limits);
  }

  /** Set when a limit of the file was passed: what follows is not to be read. */
  get stopped(): boolean {
    return this.#stopped;
  }

  *push(text: string): Generator<ReadResult, void> {
    for (const fragment of this.#cutter.push(text))
      yield* this.#read(this.#splitter.push(fragment));
  }

  *pushBadByte(byte: number): Generator<ReadResult, void> {
    for (const fragment of this.#cutter.pushBadByte(byte)) {
      yield* this.#read(this.#splitter.push(fragment));
    }
  }

  *end(): Generator<ReadResult, void> {
    if (this.#stopped) return;
    for (const fragment of this.#cutter.end()) yield* this.#read(this.#splitter.push(fragment));
    yield* this.#read(this.#splitter.end());
    if (this.#records + this.#problems === 0 && !this.#stopped) {
      yield { problem: createProblem(NO_RECORD, { line: 1, column: 1 }) };
    }
  }

  /** The file is larger than it may be; the record at hand is incomplete and not read. */
  *refuseSize(): Generator<ReadResult, void> {
    const size = formatBytes(this.#limits.maxFileBytes);
    const message = `The file is larger than a file may be (${size}). Split it; nothing from here on was read.`;
    yield* this.#stop(createProblem(message, this.#cutter.position, 'maxFileBytes'));
  }

  *refuseEncoding(): Generator<ReadResult, void> {
    const message = 'The file is UTF-16 or holds zero bytes. Save it as UTF-8.';
    yield* this.#stop(createProblem(message, { line: 1, column: 1 }));
  }

  *#stop(problem: DocumentProblem): Generator<ReadResult, void> {
    this.#stopped = true;
    yield { problem };
  }

  *#read(splits: Iterable<Split>): Generator<ReadResult, void> {
    for (const split of splits) {
      if (this.#stopped) return;
      if ('problem' in split) yield* this.#tell([split.problem]);
      else yield* this.#readRecords(split.chunk);
    }
  }

  *#readRecords(chunk: Chunk): Generator<ReadResult, void> {
    for (const outcome of readChunk(chunk, this.#limits)) {
      if (this.#stopped) return;
      if (this.#records >= this.#limits.maxRecords) {
        const message = `The file holds more than ${this.#limits.maxRecords} records. Split it; nothing from here on was read.`;
        yield* this.#stop(createProblem(message, placeOf(chunk), 'maxRecords'));
        return;
      }
      const index = this.#records;
      this.#records += 1;
      if ('problems' in outcome) yield* this.#tell(outcome.problems);
      else yield { document: { index, ...outcome } };
    }
  }

  *#tell(problems: readonly DocumentProblem[]): Generator<ReadResult, void> {
    for (const problem of problems) {
      if (this.#problems >= this.#limits.maxProblems) {
        const message = `The file has more than ${this.#limits.maxProblems} problems. Mend these first; nothing from here on was read.`;
        yield* this.#stop(createProblem(message, problem.position, 'maxProblems'));
        return;
      }
      this.#problems += 1;
      yield { problem };
    }
  }
}

function placeOf({ line, column }: Chunk): Position {
  return { line, column };
}
