/** The lists of records that stand inside of an object: of ours, and of EPAC's exemption files. */
const LISTS = new Set(['items', 'exemptions']);
/** What may stand beside such a list without being lost: it says something of the file alone. */
const BESIDE = ['$schema', 'exported_at', 'tenant_org', 'next_cursor', 'total', 'total_is_minimum'];

const NAMES = BESIDE.map((name) => name.replace('$', '\\$')).join('|');
const TAIL = new RegExp(
  `^(?:\\s*,\\s*"(?:${NAMES})"\\s*:\\s*(?:"[^"\\\\]*"|-?[\\d.]+|true|false|null))*\\s*\\}\\s*$`,
);

/** Whether this is how an object ends after its list of records. */
export function isWrapperEnd(text: string): boolean {
  return TAIL.test(text);
}

/**
 * Looks for a list of records in a JSON object while its text arrives: `{"items": [` or
 * `{"$schema": "…", "exemptions": [`. An object with anything else before the list is a record.
 */
export class JsonWrapper {
  #expected: 'object' | 'key' | 'colon' | 'value' | 'comma' | 'nothing' = 'object';
  #key = '';
  #string: string | undefined;
  #escaped = false;

  /** Where in this text the list begins, once it does. */
  push(text: string): number | undefined {
    for (let at = 0; at < text.length && this.#expected !== 'nothing'; at += 1) {
      const char = text.charAt(at);
      if (this.#string !== undefined) this.#inString(char);
      else if (this.#expected === 'value' && char === '[' && LISTS.has(this.#key)) return at;
      else if (!/\s/.test(char)) this.#step(char);
    }
    return undefined;
  }

  #inString(char: string): void {
    if (!this.#escaped && char === '"') {
      const text = this.#string ?? '';
      this.#string = undefined;
      if (this.#expected === 'value') this.#expected = 'comma';
      else {
        this.#key = text;
        this.#expected = LISTS.has(text) || BESIDE.includes(text) ? 'colon' : 'nothing';
      }
      return;
    }
    this.#escaped = !this.#escaped && char === '\\';
    this.#string += char;
  }

  #step(char: string): void {
    const expected = this.#expected;
    if (expected === 'object') this.#expected = char === '{' ? 'key' : 'nothing';
    else if (char === '"' && (expected === 'key' || expected === 'value')) this.#string = '';
    else if (expected === 'colon') this.#expected = char === ':' ? 'value' : 'nothing';
    else if (char === ',' && (expected === 'comma' || expected === 'value')) this.#expected = 'key';
    // Numbers and words: what they are is of no interest, as long as no structure begins.
    else if (expected !== 'value' || !/[\w.+-]/.test(char)) this.#expected = 'nothing';
  }
}
