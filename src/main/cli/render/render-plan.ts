import { grantSentence } from '../../../domain/enforcement/grant-words.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import type { Grant } from './grant-status.ts';
import { STEP_WORDS, type Step } from './grant-steps-text.ts';
import { renderSection } from './section.ts';
import { timeText } from './time-text.ts';

/** A step of a plan: of which grant, and what Lapse would do. */
export interface PlannedStep {
  readonly grant: Grant;
  readonly step: Step;
}

const ORDER = Object.keys(STEP_WORDS) as Step['does'][];

/** The steps that lie before an instant (epoch milliseconds), the earliest first. */
export function stepsBefore(grants: readonly Grant[], until: number): PlannedStep[] {
  return grants
    .flatMap((grant) =>
      [grant.next, grant.afterwards].flatMap((step) => (step ? [{ grant, step }] : [])),
    )
    .filter(({ step }) => Date.parse(step.at) <= until)
    .sort((one, other) => Date.parse(one.step.at) - Date.parse(other.step.at));
}

/** What Lapse would do, by what it does; each with when, by which connection and why. */
export function renderPlan(steps: readonly PlannedStep[], width: number): string {
  const sections = ORDER.map((does) => {
    const fitting = steps.filter(({ step }) => step.does === does);
    const title = `Would be ${STEP_WORDS[does]} (${fitting.length})`;
    return renderSection(title, fitting.flatMap(linesOf), width);
  });
  return sections.filter((section) => section !== '').join('\n');
}

function linesOf({ grant, step }: PlannedStep) {
  const by = grant.connection === null ? 'no connection' : `by ${safeLine(grant.connection)}`;
  return [
    { mark: '·', text: safeLine(grantSentence(grant.grant)) },
    { mark: ' ', text: `${timeText(step.at)}, ${by}: ${safeLine(step.why)}`, style: colours.dim },
    { mark: ' ', text: grant.grant_id, style: colours.dim },
  ];
}

/** `2 put in place, 1 taken away`; `nothing` where there is nothing. */
export function planSummary(steps: readonly PlannedStep[]): string {
  const counts = ORDER.map((does) => ({
    does,
    count: steps.filter(({ step }) => step.does === does).length,
  })).filter(({ count }) => count > 0);
  if (counts.length === 0) return 'nothing would be done';
  return counts.map(({ does, count }) => `${count} ${STEP_WORDS[does]}`).join(', ');
}
