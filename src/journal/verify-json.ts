/** Whether two texts are the same JSON, whatever the order of their keys. */
export function isSameJsonText(expected: string, stored: string): boolean {
  // Whoever writes a value by folding the same events has its keys in the same order.
  if (expected === stored) return true;
  try {
    return isSameJson(JSON.parse(expected), JSON.parse(stored));
  } catch {
    return false;
  }
}

function isSameJson(expected: unknown, stored: unknown): boolean {
  if (expected === stored) return true;
  if (typeof expected !== 'object' || typeof stored !== 'object') return false;
  if (expected === null || stored === null) return false;
  if (Array.isArray(expected)) {
    return (
      Array.isArray(stored) &&
      stored.length === expected.length &&
      expected.every((item, at) => isSameJson(item, stored[at]))
    );
  }
  return !Array.isArray(stored) && hasSameKeys(expected as Json, stored as Json);
}

type Json = Readonly<Record<string, unknown>>;

function hasSameKeys(expected: Json, stored: Json): boolean {
  const keys = Object.keys(expected);
  return (
    keys.length === Object.keys(stored).length &&
    keys.every((key) => Object.hasOwn(stored, key) && isSameJson(expected[key], stored[key]))
  );
}
