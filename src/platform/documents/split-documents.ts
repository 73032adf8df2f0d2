import type { Fragment } from './cut-fragments.ts';
import { createProblem, type Position } from './document-problem.ts';
import type { Limits } from './limits.ts';
import { OpenChunk, type Split } from './open-chunk.ts';
import { JsonListSplitter } from './split-json-list.ts';

/** YAML 1.2.2 rule 206 forbids these at column 1 inside any value, so each is a boundary. */
const BOUNDARY = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/;
const BLANK_OR_COMMENT = /^[ \t]*(?:#|\r?\n|$)/;
const LIST_ITEM = /^( *)-(?=[ \t\r\n]|$)/;
const ACCEPTED_DIRECTIVE = /^%YAML[ \t]+1\.2[ \t]*(?:[ \t]#.*)?\r?\n?$/;

/**
 * Cuts a stream of YAML documents into chunks that can be parsed alone, looking at the starts of
 * lines only. That is safe by the indentation rules of YAML: whatever belongs to an item of a
 * block list is indented deeper than its dash, block scalars, quoted text over several lines and
 * flow collections included, so a dash at the list's own indentation starts the next item.
 */
export class DocumentSplitter {
  readonly #limits: Limits;
  /**
   * `prelude`: before any content; `lines`: one JSON object a line; `skip`: a document that is
   * refused as a whole.
   */
  #mode: 'prelude' | 'list' | 'single' | 'lines' | 'json' | 'skip' = 'prelude';
  #chunk: OpenChunk | undefined;
  #json: JsonListSplitter | undefined;
  #indent = 0;
  /** Whether the document began with `---`, after which a `%` is no directive. */
  #marked = false;
  #directive: Position | undefined;
  /** Set by a directive that is not accepted: what follows was written for other rules. */
  #refused = false;
  /** Whether an overlarge document may go on as a JSON list. */
  #mayBeJson = false;
  /** Whether a document of one line so far may turn out to be one JSON object a line. */
  #mayBeLines = false;
  #last: Fragment | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  *push(fragment: Fragment): Generator<Split, void> {
    const boundary = fragment.column === 1 ? BOUNDARY.exec(fragment.text)?.[0] : undefined;
    if (boundary) yield* this.#startDocument(fragment, boundary);
    else if (this.#mode === 'prelude') yield* this.#readPrelude(fragment);
    else if (this.#mode === 'json') yield* this.#json?.push(fragment) ?? [];
    else if (this.#mode === 'skip') yield* faultOf(fragment);
    else {
      if (this.#mayBeLines) this.#lookForLines(fragment);
      if (this.#startsItem(fragment)) {
        yield* this.#flush();
        this.#open(fragment, this.#mode === 'list', 'maxRecordBytes');
      }
      yield* this.#append(fragment);
    }
    this.#last = fragment;
  }

  *end(): Generator<Split, void> {
    yield* this.#flush();
    yield* this.#missingMark();
  }

  *#startDocument(fragment: Fragment, boundary: string): Generator<Split, void> {
    yield* this.#flush();
    if (boundary === '...') yield* this.#missingMark();
    this.#refused &&= boundary === '---' && this.#directive !== undefined;
    this.#mode = 'prelude';
    this.#marked = boundary === '---';
    this.#directive = undefined;
    const rest = fragment.text.slice(boundary.length);
    if (isSkippable(rest)) yield* faultOf(fragment);
    else if (this.#marked) yield* this.#startContent(fragment, rest);
    else {
      const position = { line: fragment.line, column: fragment.column + boundary.length };
      yield { problem: createProblem('Text after "..." on the same line.', position) };
    }
  }

  *#readPrelude(fragment: Fragment): Generator<Split, void> {
    const { line, column, text } = fragment;
    // Beyond column 1 only a very long comment goes on here.
    if (column > 1 || isSkippable(text)) yield* faultOf(fragment);
    else if (!this.#marked && text.startsWith('%')) {
      this.#directive = { line, column };
      if (ACCEPTED_DIRECTIVE.test(text)) return;
      this.#refused = true;
      const message = `The directive ${text.trim()} is not supported: files are read as YAML 1.2. This document was not read; remove the line.`;
      yield { problem: createProblem(message, { line, column }) };
    } else yield* this.#startContent(fragment, text);
  }

  *#startContent(fragment: Fragment, content: string): Generator<Split, void> {
    yield* this.#missingMark();
    if (this.#refused) {
      this.#mode = 'skip';
      yield* faultOf(fragment);
      return;
    }
    // "--- - title" is an error that the parser words better.
    const item = content !== fragment.text ? null : LIST_ITEM.exec(content);
    this.#mode = item ? 'list' : 'single';
    this.#indent = item?.[1]?.length ?? 0;
    const first = content.trimStart().charAt(0);
    // Behind a tag or an anchor there may be a list, which then is too rare to be cut up.
    const whole = first === '[' || first === '!' || first === '&';
    this.#mayBeJson = first === '[';
    this.#mayBeLines = fragment.column === 1 && content.startsWith('{');
    this.#open(fragment, item !== null || whole, whole ? 'maxDocumentBytes' : 'maxRecordBytes');
    yield* this.#append(fragment);
  }

  #open(fragment: Fragment, mayBeList: boolean, limit: 'maxRecordBytes' | 'maxDocumentBytes') {
    this.#chunk = new OpenChunk(fragment, mayBeList, limit, this.#limits);
  }

  *#append(fragment: Fragment): Generator<Split, void> {
    const chunk = this.#chunk;
    if (!chunk) return;
    chunk.append(fragment);
    if (!chunk.overflowed) return;
    if (this.#mode === 'single' && this.#mayBeJson) {
      this.#mode = 'json';
      this.#json = new JsonListSplitter(this.#limits);
      this.#chunk = undefined;
      for (const earlier of chunk.fragments) yield* this.#json.push(earlier);
    } else chunk.release();
  }

  #startsItem({ column, text }: Fragment): boolean {
    if (column > 1) return false;
    if (this.#mode === 'lines') return !isSkippable(text);
    return this.#mode === 'list' && LIST_ITEM.exec(text)?.[1]?.length === this.#indent;
  }

  /**
   * At the second line with content: two objects of JSON on two lines are JSON lines. YAML refuses a
   * second mapping after a whole one, so nothing that it accepts is read otherwise.
   */
  #lookForLines({ column, text }: Fragment): void {
    if (column > 1 || isSkippable(text)) return;
    this.#mayBeLines = false;
    const before = this.#chunk?.fragments.map((fragment) => fragment.text).join('') ?? '';
    if (text.startsWith('{') && isJson(before)) this.#mode = 'lines';
  }

  *#flush(): Generator<Split, void> {
    if (this.#chunk) yield { chunk: this.#chunk.close() };
    if (this.#json) yield* this.#json.end(this.#last);
    this.#chunk = undefined;
    this.#json = undefined;
  }

  /** A directive must be followed by `---` (YAML 1.2.2, 9.1.4); otherwise it was meant otherwise. */
  *#missingMark(): Generator<Split, void> {
    if (!this.#directive || this.#marked) return;
    const message = 'A line of "---" is missing between this directive and the document.';
    yield { problem: createProblem(message, this.#directive) };
    this.#directive = undefined;
  }
}

/** A blank line without its end may yet go on to content, so it counts as content itself. */
function isSkippable(text: string): boolean {
  return BLANK_OR_COMMENT.test(text) && (text.includes('#') || text.endsWith('\n') || text === '');
}

function* faultOf(fragment: Fragment): Generator<Split, void> {
  if (fragment.fault) yield { problem: fragment.fault };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
