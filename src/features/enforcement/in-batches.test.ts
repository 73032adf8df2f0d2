import { expect, it } from 'vitest';
import { inBatches } from './in-batches.ts';

/** Records nothing before it is told to, and remembers the batches. */
function recorder() {
  const batches: string[][] = [];
  const gates: (() => void)[] = [];
  const take = inBatches<string>(
    async (batch) => {
      batches.push([...batch]);
      await new Promise<void>((resolve) => gates.push(resolve));
    },
    ([key = '']) => key,
  );
  const next = async () => {
    while (gates.length === 0) await Promise.resolve();
    gates.shift()?.();
  };
  return { batches, take, next };
}

it('takes together what comes while something is recorded, and never two of one grant', async () => {
  const { batches, take, next } = recorder();
  const all = ['a1', 'b1', 'c1', 'b2', 'b3'].map(take);
  for (let batch = 0; batch < 4; batch += 1) await next();
  await Promise.all(all);
  expect(batches).toEqual([['a1'], ['b1', 'c1'], ['b2'], ['b3']]);
});

it('tells those who waited that recording failed, and goes on with what comes later', async () => {
  let broken = true;
  const batches: string[][] = [];
  const take = inBatches<string>(
    async (batch) => {
      if (broken) throw new Error('the database is gone');
      batches.push([...batch]);
    },
    (item) => item,
  );
  await expect(take('a')).rejects.toThrow('the database is gone');
  broken = false;
  await take('b');
  expect(batches).toEqual([['b']]);
});
