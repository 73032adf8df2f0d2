import { randomFillSync } from 'node:crypto';
import { decodeTime, encodeTime, monotonicFactory, TIME_LEN } from 'ulid';

const pool = new Uint8Array(4_096);
let used = pool.length;

/** One byte as a fraction, out of a buffer: a system call for each digit of an id would cost more. */
function random(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  used += 1;
  return byte / 256;
}

/**
 * A new ULID. Within a millisecond and a process each is greater than the one before, so that rows
 * made together stay in order. Ids name things; none of them is a secret.
 */
export const newUlid: () => string = monotonicFactory(random);

/** When a ULID was made: epoch milliseconds, real time. */
export function timeOfUlid(ulid: string): number {
  return decodeTime(ulid);
}

/** A text that sorts before every ULID made at `time` (epoch milliseconds) or later, and after all others. */
export function beforeUlidsOf(time: number): string {
  return encodeTime(Math.max(0, time), TIME_LEN);
}
