import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BATCH_SIZE, DueLoop, type DueWork } from './due-loop.ts';

const silent = pino({ level: 'silent' });

/** Work whose batches answer what they are told to, and nothing more after that. */
function scripted(...batches: readonly (number | Error)[]) {
  const left = [...batches];
  let runs = 0;
  const work: DueWork = {
    name: 'scripted',
    async runBatch() {
      runs += 1;
      const next = left.shift() ?? 0;
      if (next instanceof Error) throw next;
      return next;
    },
  };
  return { work, runs: () => runs };
}

describe('settle', () => {
  test('runs every kind until nothing is due', async () => {
    const one = scripted(BATCH_SIZE, 3);
    const other = scripted(1);
    await new DueLoop([one.work, other.work], silent).settle();
    expect([one.runs() >= 3, other.runs() >= 2]).toEqual([true, true]);
  });

  test('does what one kind makes due for another', async () => {
    let due = 0;
    const second: DueWork = {
      name: 'second',
      async runBatch() {
        const did = due;
        due = 0;
        return did;
      },
    };
    let left = 2;
    const first: DueWork = {
      name: 'first',
      async runBatch() {
        if (left === 0) return 0;
        left -= 1;
        due += 1;
        return 1;
      },
    };
    // The dependent kind comes first, so a single pass would leave its row.
    await new DueLoop([second, first], silent).settle();
    expect({ due, left }).toEqual({ due: 0, left: 0 });
  });

  test('throws what a kind throws', async () => {
    const failing = scripted(new Error('broken'));
    await expect(new DueLoop([failing.work], silent).settle()).rejects.toThrow('broken');
  });
});

describe('the loop', () => {
  // Real time stands still, so that whatever happens was not brought about by waiting.
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('goes on at once after a full batch and rests after one that was not', async () => {
    const { work, runs } = scripted(BATCH_SIZE, BATCH_SIZE, 1, BATCH_SIZE);
    const loop = new DueLoop([work], silent);
    loop.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(runs()).toBe(3);
    await vi.advanceTimersToNextTimerAsync();
    expect(runs()).toBe(5);
    await loop.stop();
  });

  test('wakes at a hint', async () => {
    const { work, runs } = scripted();
    const loop = new DueLoop([work], silent);
    loop.start();
    await vi.advanceTimersByTimeAsync(0);
    loop.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(runs()).toBe(2);
    await loop.stop();
  });

  test('survives a kind that fails, and the others do not wait for it', async () => {
    const failing = scripted(new Error('down'), 1);
    const other = scripted();
    const loop = new DueLoop([failing.work, other.work], silent);
    loop.start();
    await vi.advanceTimersByTimeAsync(0);
    expect([failing.runs(), other.runs()]).toEqual([1, 1]);
    loop.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(failing.runs()).toBe(2);
    await loop.stop();
  });

  test('one kind that never ends keeps no other waiting', async () => {
    let endless = true;
    const busy: DueWork = {
      name: 'busy',
      runBatch: async () => (endless ? BATCH_SIZE : 0),
    };
    const other = scripted();
    const loop = new DueLoop([busy, other.work], silent);
    loop.start();
    // Only turns of the microtask queue pass here: the busy kind alone would use all of them.
    while (other.runs() === 0) await Promise.resolve();
    endless = false;
    await loop.stop();
    expect(other.runs()).toBe(1);
  });

  test('stop asks a batch that waits for somebody else to give up', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const work: DueWork = {
      name: 'waiting',
      runBatch: () => promise,
      stop: () => resolve(0),
    };
    const loop = new DueLoop([work], silent);
    loop.start();
    await vi.advanceTimersByTimeAsync(0);
    await loop.stop();
    expect(await promise).toBe(0);
  });

  test('stop lets the batch that is under way finish, and begins no other', async () => {
    let finish = () => {};
    let runs = 0;
    let finished = false;
    const slow: DueWork = {
      name: 'slow',
      async runBatch() {
        runs += 1;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        finished = true;
        return BATCH_SIZE;
      },
    };
    const loop = new DueLoop([slow], silent);
    loop.start();
    await vi.advanceTimersByTimeAsync(0);
    const stopped = loop.stop();
    finish();
    await stopped;
    expect({ runs, finished }).toEqual({ runs: 1, finished: true });
  });

  test('settle waits for the batch that the loop is in', async () => {
    const order: string[] = [];
    let finish = () => {};
    let runs = 0;
    const work: DueWork = {
      name: 'slow',
      async runBatch() {
        runs += 1;
        if (runs > 1) return 0;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        order.push('batch');
        return 1;
      },
    };
    const loop = new DueLoop([work], silent);
    loop.start();
    await vi.advanceTimersByTimeAsync(0);
    const settled = loop.settle().then(() => order.push('settled'));
    finish();
    await settled;
    expect(order).toEqual(['batch', 'settled']);
    await loop.stop();
  });
});
