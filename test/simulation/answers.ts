import { isDeepStrictEqual } from 'node:util';
import { type Intent, type Outcome, REPEATABLE_FOR } from './intent.ts';
import type { World } from './world.ts';

/** What an answer must agree with: the one before, the revision that was asked for, the journal. */
export function checkAnswer({ problems, clock }: World, intent: Intent, outcome: Outcome): void {
  const { acknowledged, number, verb, wish } = intent;
  if (isKeyTaken(intent, clock.now))
    problems.push(`#${number} was accepted under the key of #${wish.takesKeyOf?.number}`);
  if (!acknowledged || !intent.isRemembered(clock.now)) return;
  if (!isDeepStrictEqual(plain(outcome.wire), plain(acknowledged.wire)))
    problems.push(`#${number} ${verb} was answered differently when it was repeated`);
}

/** What was committed must not be refused when it comes again under its key. */
export function checkRefusal(
  { problems, mirror, clock }: World,
  intent: Intent,
  code: string,
): void {
  const { number, verb, acknowledged, wish } = intent;
  // Whoever may only read the register is told so first, and asks again later.
  if (code === 'ledger-diverged') return;
  if (isKeyTaken(intent, clock.now) && !['idempotency-mismatch', 'not-permitted'].includes(code))
    problems.push(
      `#${number} has the key of #${wish.takesKeyOf?.number}, and was refused with ${code}`,
    );
  if (!intent.isRemembered(clock.now)) return;
  const done = acknowledged ?? mirror.hasEventOf(number);
  if (done)
    problems.push(`#${number} ${verb} is committed, and was refused (${code}) when it came again`);
}

/** Whether the key belongs to another request that is still remembered. */
function isKeyTaken({ wish: { takesKeyOf: other } }: Intent, now: number): boolean {
  return other?.acknowledged !== undefined && now - other.sentAt < REPEATABLE_FOR;
}

/** As JSON has it: fields that are undefined are not there. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
