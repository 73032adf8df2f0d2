import { type Attribute, attributeNamed, type ResourceKind } from './scim-attributes.ts';
import { isStorable, ScimRefusal, type ScimType, shown } from './scim-refusal.ts';

/** How a value is compared (RFC 7644 section 3.4.2.2, table 3). */
const COMPARISONS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** Where a filter or an operation points: an attribute, and perhaps a part of it. */
export interface AttributePath {
  readonly attribute: Attribute;
  readonly sub?: Attribute | undefined;
}

/** What a path of an operation points at: with a filter, at some of several values. */
export interface TargetPath extends AttributePath {
  readonly filter?: Filter | undefined;
}

/** A filter that has been read; every attribute in it is one of the resource. */
export type Filter =
  | { readonly op: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly op: 'not'; readonly filter: Filter }
  | { readonly op: 'pr'; readonly path: AttributePath }
  | { readonly op: 'has'; readonly attribute: Attribute; readonly filter: Filter }
  | {
      readonly op: Comparison;
      readonly path: AttributePath;
      readonly value: string | number | boolean | null;
    };

/** Longer, deeper or wider filters are no question that a directory has. */
const LENGTH = 2_000;
const DEPTH = 10;
const TERMS = 30;

/** Reads the filter of a list; refuses with `invalidFilter` what it does not understand. */
export function parseFilter(text: string, kind: ResourceKind): Filter {
  const reader = new Reader(text, kind, 'invalidFilter');
  const filter = reader.either(kind.attributes, 1);
  reader.end();
  return filter;
}

/** Reads the path of an operation (RFC 7644 section 3.5.2); refuses with `invalidPath`. */
export function parsePath(text: string, kind: ResourceKind): TargetPath | 'left' {
  const schema = kind.leftSchemas.find((one) => text.toLowerCase().startsWith(one.toLowerCase()));
  if (schema !== undefined) return 'left';
  const [first = ''] = withoutSchema(text, kind).split(/[.[]/);
  if (attributeNamed(kind.attributes, first)?.use === 'left') return 'left';
  const reader = new Reader(text, kind, 'invalidPath');
  const path = reader.target();
  reader.end();
  return path;
}

/** A path without the name of the schema in front, which may be there. */
function withoutSchema(path: string, { schema }: ResourceKind): string {
  const isPrefixed = path.toLowerCase().startsWith(`${schema}:`.toLowerCase());
  return isPrefixed ? path.slice(schema.length + 1) : path;
}

// A word, a quoted text in the form of JSON, a number, or one sign. Each begins as no other does.
const TOKEN = /\s*(?:([A-Za-z$][\w.:$-]*)|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|([()[\]]))/sy;
const SUB = /\.([A-Za-z$][\w$-]*)/y;

interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'sign' | 'end';
  readonly text: string;
}

/** Reads by recursive descent; one token ahead. */
class Reader {
  readonly #text: string;
  readonly #kind: ResourceKind;
  readonly #scimType: ScimType;
  #at = 0;
  #terms = 0;
  #next: Token;

  constructor(text: string, kind: ResourceKind, scimType: ScimType) {
    this.#text = text;
    this.#kind = kind;
    this.#scimType = scimType;
    if (text.length > LENGTH) throw this.#refusal(`has more than ${LENGTH} characters`);
    this.#next = this.#read();
  }

  /** `or` binds less than `and`. */
  either(attributes: readonly Attribute[], depth: number): Filter {
    return this.#chain('or', () => this.#chain('and', () => this.#term(attributes, depth)));
  }

  /** `name`, `name.part`, `name[filter]` or `name[filter].part`. */
  target(): TargetPath {
    const path = this.#path(this.#kind.attributes, this.#take('word'));
    if (path.sub || !this.#isSign('[')) return path;
    const filter = this.#bracketed(path.attribute, 1);
    return { ...path, filter, sub: this.#partAfter(path.attribute) };
  }

  end(): void {
    if (this.#next.kind !== 'end') throw this.#refusal(`goes on with ${shown(this.#next.text)}`);
  }

  #chain(op: 'and' | 'or', read: () => Filter): Filter {
    const filters = [read()];
    while (this.#isWord(op)) {
      this.#advance();
      filters.push(read());
    }
    return filters.length === 1 && filters[0] ? filters[0] : { op, filters };
  }

  #term(attributes: readonly Attribute[], depth: number): Filter {
    if (depth > DEPTH) throw this.#refusal(`is nested deeper than ${DEPTH} levels`);
    this.#terms += 1;
    if (this.#terms > TERMS) throw this.#refusal(`has more than ${TERMS} conditions`);
    if (this.#isWord('not')) {
      this.#advance();
      return { op: 'not', filter: this.#parenthesised(attributes, depth) };
    }
    if (this.#isSign('(')) return this.#parenthesised(attributes, depth);
    const path = this.#path(attributes, this.#take('word'));
    if (!path.sub && this.#isSign('[')) {
      const filter = this.#bracketed(path.attribute, depth);
      const part = this.#partAfter(path.attribute);
      // `emails[type eq "work"].value eq "a"`: both hold of one and the same value.
      const both =
        part && ({ op: 'and', filters: [filter, this.#compared({ attribute: part })] } as const);
      return { op: 'has', attribute: path.attribute, filter: both ?? filter };
    }
    return this.#compared(path);
  }

  #compared(path: AttributePath): Filter {
    const word = this.#take('word').toLowerCase();
    if (word === 'pr') return { op: 'pr', path };
    const op = COMPARISONS.find((one) => one === word);
    if (!op)
      throw this.#refusal(`compares by ${shown(word)}; pr, ${COMPARISONS.join(', ')} would pass`);
    return { op, path, value: this.#value() };
  }

  #parenthesised(attributes: readonly Attribute[], depth: number): Filter {
    this.#expect('(');
    this.#advance();
    const filter = this.either(attributes, depth + 1);
    this.#expect(')');
    this.#advance();
    return filter;
  }

  /** Ends at the closing bracket, after which a part may follow without a blank. */
  #bracketed({ name, sub, multiValued }: Attribute, depth: number): Filter {
    if (!sub || !multiValued) throw this.#refusal(`selects among ${name}, which has one value`);
    this.#advance();
    const filter = this.either(sub, depth + 1);
    this.#expect(']');
    return filter;
  }

  /** A part that follows a closing bracket at once. */
  #partAfter({ sub = [] }: Attribute): Attribute | undefined {
    SUB.lastIndex = this.#at;
    const name = SUB.exec(this.#text)?.[1];
    if (name !== undefined) this.#at = SUB.lastIndex;
    this.#advance();
    return name === undefined ? undefined : this.#attribute(sub, name);
  }

  #path(attributes: readonly Attribute[], word: string): AttributePath {
    const [name = '', part, ...more] = withoutSchema(word, this.#kind).split('.');
    const attribute = this.#attribute(attributes, name);
    if (part === undefined) return { attribute };
    if (more.length > 0 || !attribute.sub)
      throw this.#refusal(`names ${shown(word)}, which ${this.#kind.name} does not have`);
    return { attribute, sub: this.#attribute(attribute.sub, part) };
  }

  #attribute(attributes: readonly Attribute[], name: string): Attribute {
    const found = attributeNamed(attributes, name);
    if (found) return found;
    const known = attributes.filter(({ use }) => use === 'kept').map((one) => one.name);
    throw this.#refusal(`names ${shown(name)}, which is not known; ${known.join(', ')} would pass`);
  }

  #value(): string | number | boolean | null {
    const { kind, text } = this.#next;
    this.#advance();
    const word = text.toLowerCase();
    if (kind === 'word' && ['true', 'false', 'null'].includes(word)) return JSON.parse(word);
    if (kind === 'text' || kind === 'number') {
      try {
        const value = JSON.parse(text) as string | number;
        if (typeof value === 'number' || isStorable(value)) return value;
      } catch {
        // Said below, as for whatever is no value at all.
      }
    }
    throw this.#refusal(`compares with ${shown(text)}; a text in double quotes would pass`);
  }

  #take(kind: Token['kind']): string {
    const token = this.#next;
    if (token.kind !== kind) {
      const what = token.kind === 'end' ? 'ends' : `has ${shown(token.text)}`;
      throw this.#refusal(`${what} where a name has to be`);
    }
    this.#advance();
    return token.text;
  }

  #expect(sign: string): void {
    if (!this.#isSign(sign)) throw this.#refusal(`lacks ${sign} at ${shown(this.#next.text)}`);
  }

  #isSign(sign: string): boolean {
    return this.#next.kind === 'sign' && this.#next.text === sign;
  }

  #isWord(word: string): boolean {
    return this.#next.kind === 'word' && this.#next.text.toLowerCase() === word;
  }

  #advance(): void {
    this.#next = this.#read();
  }

  #read(): Token {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) {
      const rest = this.#text.slice(this.#at).trim();
      if (rest !== '') throw this.#refusal(`cannot be read at ${shown(rest)}`);
      return { kind: 'end', text: '' };
    }
    this.#at = TOKEN.lastIndex;
    const [, word, text, number, sign = ''] = match;
    if (word !== undefined) return { kind: 'word', text: word };
    if (text !== undefined) return { kind: 'text', text };
    return number === undefined ? { kind: 'sign', text: sign } : { kind: 'number', text: number };
  }

  #refusal(what: string): ScimRefusal {
    const name = this.#scimType === 'invalidPath' ? 'path' : 'filter';
    return new ScimRefusal(this.#scimType, `the ${name} ${shown(this.#text)} ${what}`);
  }
}
