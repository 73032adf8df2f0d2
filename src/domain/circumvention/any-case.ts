/** Reads JSON of others, whose names are written in any case. What is not there is `undefined`. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
    const wanted = name.toLowerCase();
    const entry = Object.entries(found).find(([key]) => key.toLowerCase() === wanted);
    found = entry?.[1];
  }
  return found;
}

/** Longest text that is taken from a log; the id of a resource has some hundred characters. */
const LONGEST = 2_000;

/** A text that is neither empty nor longer than anything that a log says. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = field(value, ...path);
  if (typeof found !== 'string') return undefined;
  const text = found.trim();
  return text === '' || text.length > LONGEST || !text.isWellFormed() || text.includes('\0')
    ? undefined
    : text;
}

/** A list, empty where there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** What a text says in JSON; `undefined` where it is none. */
export function parsedJson(text: unknown): unknown {
  if (typeof text !== 'string') return typeof text === 'object' ? text : undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
