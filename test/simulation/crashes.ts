import type { Random } from './random.ts';
import type { Activity, Schedule } from './schedule.ts';
import { CRASH_POINTS, type CrashPoint } from './tally.ts';

/** Steps that a place to die at is waited for. */
const PATIENCE = 150;

/** Decides where a process dies next; each of the places has its turn. */
export class Crashes {
  readonly #random: Random;
  readonly #between: number;
  /** Places to die at, the next one first. */
  readonly #aims: CrashPoint[];
  #patience = PATIENCE;
  #pause = 0;

  /** `turn` says which of the places comes first, `between` how many steps lie between two. */
  constructor(random: Random, turn: number, between: number) {
    this.#random = random;
    this.#between = between;
    const from = turn % CRASH_POINTS.length;
    this.#aims = [...CRASH_POINTS.slice(from), ...CRASH_POINTS.slice(0, from)];
  }

  /** Whether the place that comes next is one of work of this kind. */
  aimsAt(kind: string): boolean {
    return this.#aims[0]?.startsWith(kind) ?? false;
  }

  /** An activity that stands at the place that is aimed at, and is to die there. */
  strike({ ready, blocked }: Schedule): { victim: Activity; point: CrashPoint } | undefined {
    const [point] = this.#aims;
    if (!point) return undefined;
    if (this.#pause > 0) {
      this.#pause -= 1;
      return undefined;
    }
    const there = [
      ...ready.filter(({ kind, next }) => point === `${kind}, ${next?.stage}`),
      ...blocked.filter(({ kind }) => point === `${kind}, waiting for a lock`),
    ];
    this.#patience -= 1;
    if (there.length > 0 || this.#patience === 0) this.#aimElsewhere();
    return there.length > 0 ? { victim: this.#random.pick(there), point } : undefined;
  }

  #aimElsewhere(): void {
    this.#aims.push(...this.#aims.splice(0, 1));
    this.#patience = PATIENCE;
    this.#pause = this.#random.int(1, 2 * this.#between);
  }
}
