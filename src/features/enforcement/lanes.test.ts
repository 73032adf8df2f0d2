import { describe, expect, it } from 'vitest';
import { Lanes } from './lanes.ts';

const PACE = { burst: 20, perSecond: 2, atOnce: 5 };
const MINUTE = 60_000;

/** Lanes whose time is put by hand, and one of them that has learned its pace. */
async function lanes() {
  const clock = { now: 1_000_000 };
  const made = new Lanes(() => clock.now);
  await made.run('a', PACE, async () => {});
  return { made, clock };
}

describe('a lane', () => {
  it('takes as many calls as its bucket holds, and more as it fills', async () => {
    const { made, clock } = await lanes();
    for (let calls = 1; calls < PACE.burst; calls += 1) await made.run('a', PACE, async () => {});
    expect(made.room('a')).toBe(0);
    clock.now += 1_500;
    expect(made.room('a')).toBe(3);
    clock.now += MINUTE;
    expect(made.room('a')).toBe(PACE.atOnce);
  });

  it('takes no more at once than it may, and others are none of its business', async () => {
    const { made } = await lanes();
    const { promise, resolve } = Promise.withResolvers<void>();
    const running = Array.from({ length: 4 }, () => made.run('a', PACE, () => promise));
    expect(made.room('a')).toBe(1);
    expect(made.room('b')).toBeGreaterThan(0);
    resolve();
    await Promise.all(running);
    expect(made.room('a')).toBe(PACE.atOnce);
  });

  it('rests for as long as the cloud asks, at most for five minutes', async () => {
    const { made, clock } = await lanes();
    made.pause('a', 10_000);
    clock.now += 9_999;
    expect(made.room('a')).toBe(0);
    clock.now += 1;
    expect(made.room('a')).toBeGreaterThan(0);
    made.pause('a', 6 * 60 * MINUTE);
    clock.now += 5 * MINUTE - 1;
    expect(made.room('a')).toBe(0);
    clock.now += 1;
    expect(made.room('a')).toBeGreaterThan(0);
  });

  it('does not rest for days where its clock is set back', async () => {
    const { made, clock } = await lanes();
    made.pause('a', MINUTE);
    clock.now -= 3 * 24 * 60 * MINUTE;
    expect(made.room('a')).toBe(0);
    clock.now += 5 * MINUTE;
    expect(made.room('a')).toBeGreaterThan(0);
  });
});
