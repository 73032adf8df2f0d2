import { Composer, type Document, Lexer, type ParsedNode, Parser } from 'yaml';
import { createProblem, type DocumentProblem, MAX_PROBLEMS } from './document-problem.ts';
import type { Limits } from './limits.ts';
import type { OffsetPlaces } from './place-offsets.ts';

/** Something the parser could read but that may not stand in a record, such as a tag. */
export interface Objection {
  readonly offset: number;
  readonly problem: DocumentProblem;
}

export interface ParsedChunk {
  /** Absent when the chunk holds nothing, or nothing that could be read. */
  readonly contents?: ParsedNode;
  /** Any of these, and `contents` is not to be used. */
  readonly errors: readonly DocumentProblem[];
  readonly objections: readonly Objection[];
}

/**
 * The core schema of YAML 1.2: `no` and dates stay texts, `<<` is no merge key, no tag makes
 * anything but plain values. Keys are compared by us: the parser compares each with each, which a
 * hostile file turns into minutes, and it names one line only.
 */
const OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/**
 * Parses one chunk, token by token, so that nesting is refused as soon as it is met: composing
 * recurses, and a file of brackets must not reach it.
 */
export function parseChunk(text: string, places: OffsetPlaces, limits: Limits): ParsedChunk {
  const parser = new Parser();
  const composer = new Composer<ParsedNode>(OPTIONS);
  const documents: Document.Parsed[] = [];
  // Doubled braces take two levels for one, and the stack holds the document and a scalar too.
  const maxStack = limits.maxDepth * 2 + 8;
  let errorTokens = 0;
  const openQuotes = new Map<number, number>();
  for (const lexeme of new Lexer().lex(text)) {
    if (isOpenQuote(lexeme)) openQuotes.set(parser.offset + lexeme.length, parser.offset);
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error') errorTokens += 1;
      documents.push(...composer.next(token));
    }
    if (errorTokens > MAX_PROBLEMS) break;
    if (parser.stack.length > maxStack) {
      return { errors: [tooDeep(places, parser.offset, limits)], objections: [] };
    }
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end());
  const rest = composer.streamInfo();
  const errors = [...documents.flatMap((document) => document.errors), ...rest.errors];
  const warnings = [...documents.flatMap((document) => document.warnings), ...rest.warnings];
  return {
    contents: documents[0]?.contents ?? undefined,
    errors: errors.map(({ message, pos: [offset] }) => {
      // The parser reports a missing quote where the text ran out, pages away from the mistake.
      const start = message.startsWith('Missing closing') ? openQuotes.get(offset) : undefined;
      return start === undefined
        ? createProblem(asSentence(message), places.at(offset))
        : createProblem(`The quote ${text.charAt(start)} is not closed.`, places.at(start));
    }),
    objections: warnings.map(({ code, message, pos: [offset, end] }) => {
      const tag = text.slice(offset, end).trim();
      const words =
        code === 'TAG_RESOLVE_FAILED' || code === 'BAD_COLLECTION_TYPE'
          ? `The tag ${tag} is not accepted here. Remove it: a record holds plain values only.`
          : asSentence(message);
      return { offset, problem: createProblem(words, places.at(offset)) };
    }),
  };
}

export function tooDeep(places: OffsetPlaces, offset: number, limits: Limits): DocumentProblem {
  const message = `Values are nested more than ${limits.maxDepth} levels deep. A record may have ${limits.maxDepth}.`;
  return createProblem(message, places.at(offset), 'maxDepth');
}

function isOpenQuote(lexeme: string): boolean {
  const first = lexeme.charAt(0);
  if (first !== '"' && first !== "'") return false;
  return lexeme.length === 1 || !lexeme.endsWith(first);
}

function asSentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
