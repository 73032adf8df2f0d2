import type { Alias, ParsedNode } from 'yaml';
import { createProblem, type DocumentProblem } from './document-problem.ts';
import type { Limits } from './limits.ts';
import type { OffsetPlaces } from './place-offsets.ts';

/**
 * What is known while one record is read: the problems so far, and what its anchors and aliases
 * have come to. Aliases are written out as copies, so their number is bounded by `maxNodes`
 * however they refer to one another, and reading stops for good when a limit is passed.
 */
export class RecordReading {
  readonly places: OffsetPlaces;
  readonly limits: Limits;
  readonly problems: DocumentProblem[] = [];
  readonly warnings: DocumentProblem[] = [];
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #targets = new Map<Alias, ParsedNode>();
  readonly #open = new Set<ParsedNode>();
  #nodes = 0;
  #stopped = false;
  #copying = 0;

  constructor(places: OffsetPlaces, limits: Limits) {
    this.places = places;
    this.limits = limits;
  }

  /** Set when a limit was passed: nothing more is to be read. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Whether the node being read is a copy for an alias, whose problems were told already. */
  get copying(): boolean {
    return this.#copying > 0;
  }

  refuse(message: string, offset: number): void {
    if (!this.copying) this.problems.push(createProblem(message, this.places.at(offset)));
  }

  warn(message: string, offset: number): void {
    if (!this.copying) this.warnings.push(createProblem(message, this.places.at(offset)));
  }

  /** Stops reading this record. */
  stop(problem: DocumentProblem): void {
    if (!this.#stopped) this.problems.push(problem);
    this.#stopped = true;
  }

  /** Counts a value; false when there are too many. */
  count(offset: number): boolean {
    this.#nodes += 1;
    if (this.#nodes > this.limits.maxNodes) {
      const message = `The record holds more than ${this.limits.maxNodes} values, aliases written out. Make it smaller.`;
      this.stop(createProblem(message, this.places.at(offset), 'maxNodes'));
    }
    return !this.#stopped;
  }

  /** Keeps an anchor for the aliases after it; copies define none, or they would redefine. */
  define(node: ParsedNode): void {
    const name = 'anchor' in node ? node.anchor : undefined;
    if (name && !this.copying) this.#anchors.set(name, node);
  }

  /** Reads what is inside a node, knowing that it is: an alias back to it would have no end. */
  within<T>(node: ParsedNode, read: () => T): T {
    this.#open.add(node);
    try {
      return read();
    } finally {
      this.#open.delete(node);
    }
  }

  /** What an alias stands for, or undefined when that is refused. */
  resolve(alias: Alias, offset: number): ParsedNode | undefined {
    // An anchor may be redefined further on: an alias means what it meant where it was written.
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (!target) {
      this.refuse(`The alias *${alias.source} has no anchor before it in this record.`, offset);
      return undefined;
    }
    if (this.#open.has(target)) {
      this.refuse(`The alias *${alias.source} stands inside of what it refers to.`, offset);
      return undefined;
    }
    if (!this.#targets.has(alias)) this.#targets.set(alias, target);
    if (this.#targets.size > this.limits.maxAliases) {
      const message = `The record has more than ${this.limits.maxAliases} aliases. Write the values out.`;
      this.stop(createProblem(message, this.places.at(offset), 'maxAliases'));
      return undefined;
    }
    return target;
  }

  copy<T>(read: () => T): T {
    this.#copying += 1;
    try {
      return read();
    } finally {
      this.#copying -= 1;
    }
  }
}
