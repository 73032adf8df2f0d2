/** Largest batch that is recorded at once. */
const AT_ONCE = 200;

/**
 * Records things as they come, a batch at a time: whatever comes while one is recorded makes up the next.
 * A batch holds one of each key at most, in the order in which they came, since a stream takes one change
 * at a time. What it answers ends when nothing waits any more, and throws what recording threw.
 */
export function inBatches<Item>(
  record: (batch: readonly Item[]) => Promise<void>,
  keyOf: (item: Item) => string,
): (item: Item) => Promise<void> {
  let waiting: Item[] = [];
  let recording: Promise<void> | undefined;
  const flush = async () => {
    try {
      while (waiting.length > 0) {
        const batch = oneOfEach(waiting, keyOf).slice(0, AT_ONCE);
        const taken = new Set(batch);
        waiting = waiting.filter((item) => !taken.has(item));
        await record(batch);
      }
    } finally {
      recording = undefined;
    }
  };
  return (item) => {
    waiting.push(item);
    recording ??= flush();
    return recording;
  };
}

function oneOfEach<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const first = new Map<string, Item>();
  for (const item of items) {
    const key = keyOf(item);
    if (!first.has(key)) first.set(key, item);
  }
  return [...first.values()];
}
