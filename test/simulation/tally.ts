import type { Kind, Stage } from './schedule.ts';

/** A place where a process can die: what it was about, and where it stood. */
export type CrashPoint = `${Kind}, ${Stage}` | `${Kind}, waiting for a lock`;

/** Every place that a run has to have died in at least once. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  'command, between transactions',
  'command, in a transaction',
  'command, before a commit',
  'command, after a commit',
  'command, waiting for a lock',
  'deadlines, in a transaction',
  'deadlines, before a commit',
  'deadlines, after a commit',
  'counts, before a commit',
  'counts, after a commit',
  'grants, before a commit',
  'grants, after a commit',
  'housekeeping, before a commit',
  'housekeeping, after a commit',
  'ledger, in a transaction',
  'ledger, before a commit',
  'ledger, after a commit',
  'ledger, before reading the checkpoint outside',
  'ledger, before keeping a checkpoint outside',
  'ledger, while writing a checkpoint outside',
  'ledger, while replacing a checkpoint outside',
  'ledger, after keeping a checkpoint outside',
  'proof, before a commit',
];

/** Places that few episodes come past: whoever stands there may die without having been aimed at. */
export const RARE_CRASH_POINTS: readonly CrashPoint[] = [
  'epoch, before a commit',
  'epoch, after a commit',
  'grants, before a call',
  'grants, after a call',
];

/** Places between a head of the tree and its checkpoint. */
export const SIGNING_POINTS: readonly CrashPoint[] = [
  'ledger, after a commit',
  'ledger, before reading the checkpoint outside',
  'ledger, before keeping a checkpoint outside',
  'ledger, while writing a checkpoint outside',
  'ledger, after keeping a checkpoint outside',
];

/** How often each thing has happened. */
export class Tally {
  readonly counts = new Map<string, number>();

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  add(other: Tally): void {
    for (const [what, times] of other.counts) this.count(what, times);
  }

  /** Places where nothing has died yet. */
  get untakenCrashPoints(): CrashPoint[] {
    return CRASH_POINTS.filter((point) => this.of(crash(point)) === 0);
  }
}

/** What a crash at a place is counted as. */
export function crash(point: CrashPoint): string {
  return `crash: ${point}`;
}
