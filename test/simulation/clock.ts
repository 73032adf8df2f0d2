import { DAY, HOUR } from '../../src/domain/schedule/instant.ts';
import type { Action } from './action.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** Time passes at once, or runs back; in a `hurry` mostly little of it. */
export function moveClock(world: World, random: Random, hurry: boolean): Action {
  const [by, words] = random.weighted<readonly [number, string]>([
    [[random.int(HOUR, 12 * HOUR), 'hours pass'], 3],
    [[random.int(DAY, 10 * DAY), 'days pass'], hurry ? 1 : 4],
    [[random.int(7 * DAY, 35 * DAY), 'weeks pass'], hurry ? 0 : 3],
    [[random.int(30 * DAY, 120 * DAY), 'months pass'], hurry ? 0 : 2],
    [[-random.int(60_000, 12 * HOUR), BACK], hurry ? 4 : 2],
  ]);
  return pass(world, by, words);
}

/** The clock runs back by half a day at most. */
export function putClockBack(world: World, random: Random): Action {
  return pass(world, -random.int(60_000, 12 * HOUR), BACK);
}

const BACK = 'the clock is put back';

function pass(world: World, by: number, words: string): Action {
  world.clock.now += by;
  world.count(words);
  return { words, moment: 'disturbance' };
}
