/** What the fake cloud holds, with what stood there before: reads may lag behind writes. */
export class VersionedStore {
  readonly #versions = new Map<string, { readonly at: number; readonly value: unknown }[]>();

  /** Puts a value at an instant; `undefined` takes it away. Answers whether anything changed. */
  put(key: string, value: unknown, at: number): boolean {
    const versions = this.#versions.get(key) ?? [];
    const changes = JSON.stringify(versions.at(-1)?.value) !== JSON.stringify(value);
    // What stood there long ago is read by nobody.
    if (changes) this.#versions.set(key, [...versions.slice(-20), { at, value }]);
    return changes;
  }

  /** What stands there now, by key; what it takes to {@link load} it. */
  dump(): (readonly [key: string, value: unknown])[] {
    return this.list('');
  }

  /** Puts what {@link dump} has given, as if it had always stood there. */
  load(entries: readonly (readonly [key: string, value: unknown])[]): void {
    for (const [key, value] of entries) this.put(key, value, 0);
  }

  /** What stood there at an instant, or stands there now. */
  get(key: string, at = Number.POSITIVE_INFINITY): unknown {
    return this.#versions.get(key)?.findLast((version) => version.at <= at)?.value;
  }

  /** What stood below a prefix at an instant, by key. */
  list(prefix: string, at = Number.POSITIVE_INFINITY): (readonly [key: string, value: unknown])[] {
    return [...this.#versions.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort()
      .map((key) => [key, this.get(key, at)] as const)
      .filter(([, value]) => value !== undefined);
  }
}
