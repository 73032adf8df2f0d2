import { safeLine } from '../terminal/output.ts';
import type { Grant } from './grant-status.ts';
import { timeText } from './time-text.ts';

/** Something that Lapse is going to do for a grant. */
export type Step = NonNullable<Grant['next']>;

/** What each step is, as a heading has it. */
export const STEP_WORDS: Readonly<Record<Step['does'], string>> = {
  'put-in-place': 'put in place',
  'take-away': 'taken away',
  look: 'looked at',
  'ask-a-person': 'asked of a person',
  escalate: 'escalated',
  'hand-over': 'handed over to a renewal',
};

/** `taken away at 2026-03-07 00:00 UTC: its record ends then`. */
export function stepText({ at, does, why }: Step): string {
  return `${STEP_WORDS[does]} at ${timeText(at)}: ${safeLine(why)}`;
}
