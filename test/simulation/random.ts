import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Choices that one seed decides. Every choice moves it on, so the order of asking matters. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  /** `seed` is an integer of 32 bits. */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  /** True in so many of 1,000 cases. */
  inThousand(cases: number): boolean {
    return this.int(0, 999) < cases;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error('there is nothing to choose from');
    return from[this.int(0, from.length - 1)] as T;
  }

  /** As `pick`; nothing where there is nothing to choose from. */
  pickAny<T>(from: readonly T[]): T | undefined {
    return from.length > 0 ? this.pick(from) : undefined;
  }

  /** One of several, each as often as its weight says. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T {
    let left = this.int(
      1,
      choices.reduce((sum, [, weight]) => sum + weight, 0),
    );
    for (const [choice, weight] of choices) {
      left -= weight;
      if (left <= 0) return choice;
    }
    throw new Error('there is nothing to choose from');
  }
}
