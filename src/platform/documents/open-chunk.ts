import type { Fragment } from './cut-fragments.ts';
import { createProblem, type DocumentProblem, MAX_PROBLEMS } from './document-problem.ts';
import { formatBytes, type Limits } from './limits.ts';

/** A part of the file that is parsed on its own. */
export interface Chunk {
  readonly text: string;
  /** Where the text begins in the file. */
  readonly line: number;
  readonly column: number;
  /** Whether a list at the top is a list of records, or itself what stands for one record. */
  readonly mayBeList: boolean;
  /** Any of these, and the chunk is reported and not parsed. */
  readonly problems: readonly DocumentProblem[];
}

/** What a file is cut into: chunks, and what is wrong outside of any. */
export type Split = { readonly chunk: Chunk } | { readonly problem: DocumentProblem };

type SizeLimit = 'maxRecordBytes' | 'maxDocumentBytes';

const TOO_LARGE: Record<SizeLimit, string> = {
  maxRecordBytes:
    'This record is larger than a record may be ($). Several records stand in a list or are parted by lines of "---".',
  maxDocumentBytes:
    'This document is larger than one that is read at once ($). Write the records as a block list ("- title: …"), as a JSON list, or part them by lines of "---".',
};

/** A chunk while its lines arrive. Beyond its limit it holds no text, only the problem. */
export class OpenChunk {
  readonly #line: number;
  readonly #column: number;
  readonly #mayBeList: boolean;
  readonly #sizeLimit: SizeLimit;
  readonly #limits: Limits;
  readonly #problems: DocumentProblem[] = [];
  #fragments: Fragment[] = [];
  #bytes = 0;
  #overflowed = false;

  constructor(start: Fragment, mayBeList: boolean, sizeLimit: SizeLimit, limits: Limits) {
    this.#line = start.line;
    this.#column = start.column;
    this.#mayBeList = mayBeList;
    this.#sizeLimit = sizeLimit;
    this.#limits = limits;
  }

  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** The text so far, until {@link release} lets go of it. */
  get fragments(): readonly Fragment[] {
    return this.#fragments;
  }

  append(fragment: Fragment): void {
    if (fragment.fault && this.#problems.length < MAX_PROBLEMS) {
      this.#problems.push(fragment.fault);
    }
    if (this.#overflowed) return;
    this.#bytes += Buffer.byteLength(fragment.text);
    this.#fragments.push(fragment);
    this.#overflowed = this.#bytes > this.#limits[this.#sizeLimit];
  }

  /** Drops the text of a chunk that outgrew its limit. */
  release(): void {
    this.#fragments = [];
  }

  close(): Chunk {
    const problems = [...this.#problems];
    const place = { line: this.#line, column: this.#column };
    if (this.#overflowed) {
      const size = formatBytes(this.#limits[this.#sizeLimit]);
      const message = TOO_LARGE[this.#sizeLimit].replace('$', size);
      problems.push(createProblem(message, place, this.#sizeLimit));
    }
    const text = this.#fragments.map((fragment) => fragment.text).join('');
    return { text, ...place, mayBeList: this.#mayBeList, problems };
  }
}
