import type { PersonName } from './demo-people.ts';

/** How a request is decided by everybody whom it needs. */
export interface Review {
  /** Who reviews for security, and what that person says of it. */
  readonly reviewer: PersonName;
  readonly reason: string;
  /** The role whose approval has not come yet, where the record waits for one. */
  readonly waitsFor?: string;
}

/** Who does what, and when. `ago` is days before the demonstration is made. */
export interface DemoStep {
  readonly ago: number;
  /** A review: whoever is asked next. */
  readonly by: 'requestor' | PersonName | Review;
  /** `draft`, `edit`, or the last part of the path of a command or an addition. */
  readonly does: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What becomes of a record: its steps, oldest first. */
export interface Life {
  /** Days from now on which it starts; at once where there is none. */
  readonly startsIn?: number;
  readonly steps: readonly DemoStep[];
}

/** How long things take, in days. */
const SUBMITTED = 0.2;
const APPROVED = 1.1;
const ACTIVATED = 1.3;
/** One person approves in each, until nobody is asked any more; no record needs so many. */
const ROUNDS = 8;

/** The evidence that closes a record is made from its criteria when the step is played. */
export const CLOSE = 'close';

function step(
  ago: number,
  by: DemoStep['by'],
  does: string,
  body: DemoStep['body'] = {},
): DemoStep {
  return { ago, by, does, body };
}

/** Approvals of one person after another, between two moments. */
function approvals(from: number, to: number, by: Review): DemoStep[] {
  const round = (from - to) / ROUNDS;
  return Array.from({ length: ROUNDS }, (_, index) =>
    step(from - round * (index + 1), by, 'approve'),
  );
}

export function draft(ago: number): Life {
  return { steps: [step(ago, 'requestor', 'draft')] };
}

export function underReview(ago: number): Life {
  return { steps: [...draft(ago).steps, step(ago - SUBMITTED, 'requestor', 'submit')] };
}

/** Approved by all who were asked but one role, which has not decided yet. */
export function waiting(ago: number, waitsFor: string, reviewer: PersonName, reason: string): Life {
  const asked = approvals(ago - SUBMITTED, ago - APPROVED, { reviewer, reason, waitsFor });
  return { steps: [...underReview(ago).steps, ...asked] };
}

/** Sent back with a question, and a draft again. */
export function sentBack(ago: number, by: PersonName, reason: string): Life {
  return {
    steps: [...underReview(ago).steps, step(ago - APPROVED, by, 'request-changes', { reason })],
  };
}

export function rejected(ago: number, by: PersonName, reason: string): Life {
  return { steps: [...underReview(ago).steps, step(ago - APPROVED, by, 'reject', { reason })] };
}

export function withdrawn(ago: number, reason: string): Life {
  return { steps: [...underReview(ago).steps, step(ago - 2, 'requestor', 'withdraw', { reason })] };
}

/** Approved, with a start that lies ahead. */
export function approved(
  ago: number,
  startsIn: number,
  reviewer: PersonName,
  reason: string,
): Life {
  return {
    startsIn,
    steps: [
      ...underReview(ago).steps,
      ...approvals(ago - SUBMITTED, ago - APPROVED, { reviewer, reason }),
      step(ago - ACTIVATED, 'requestor', 'activate'),
    ],
  };
}

/** Approved and in force; what comes then is up to its end. */
export function active(ago: number, by: PersonName, reason: string): Life {
  const { steps } = approved(ago, 0, by, reason);
  return { steps };
}

interface Extension {
  /** Days after the draft at which it is asked for. */
  readonly after: number;
  /** The new end, in days from now. */
  readonly until: number;
  readonly reason: string;
  /** The role that has not decided yet, where it waits for one. */
  readonly waitsFor?: string;
}

/** In force, and longer than it was to be at first, or to be so once it is approved. */
export function extended(
  ago: number,
  reviewer: PersonName,
  { after, until, reason, waitsFor }: Extension,
): Life {
  const asked = ago - after;
  const review = {
    reviewer,
    reason: 'One extension, with the risk reviewed',
    ...(waitsFor === undefined ? {} : { waitsFor }),
  };
  return {
    steps: [
      ...active(ago, reviewer, 'The risk is contained and the plan has dates').steps,
      step(asked, 'requestor', 'request-extension', {
        reason,
        risk_review: 'Assessed again with the threat model of this quarter: unchanged',
        days_from_now: until,
      }),
      ...approvals(asked, asked - 0.6, review),
    ],
  };
}

/** Done before its end: closed with evidence `lasted` days after it began. */
export function remediated(ago: number, lasted: number, by: PersonName, reason: string): Life {
  return {
    steps: [
      ...active(ago, by, 'Contained and time-boxed').steps,
      step(ago - lasted / 2, 'requestor', 'evidence', {
        links: [`https://git.example.com/pr/${3_000 + Math.round(ago)}`],
        note: 'First part is merged',
      }),
      step(ago - lasted, 'requestor', CLOSE, { reason }),
    ],
  };
}

export function revoked(ago: number, lasted: number, by: PersonName, reason: string): Life {
  return {
    steps: [
      ...active(ago, 'chen', 'Acceptable for the time asked').steps,
      step(ago - lasted, by, 'revoke', { reason }),
    ],
  };
}

/** What a renewal brings besides its justification, from which number on (002, Renewal Limits). */
const LADDER = [
  ['migration-plan', 2],
  ['business-case', 3],
  ['memo', 4],
] as const;

/**
 * Renewed once for each of the reasons, before the end each time: `cycle` days lie between two
 * requests, each asks for `days`, and the last renewal is in force.
 */
export function renewed(
  ago: number,
  reviewer: PersonName,
  { cycle, reasons, days }: { cycle: number; reasons: readonly string[]; days: number },
): Life {
  const steps = [...active(ago, reviewer, 'Acceptable while the migration goes on').steps];
  reasons.forEach((justification, index) => {
    const number = index + 1;
    const asked = ago - cycle * number;
    const artifacts = LADDER.filter(([, from]) => from <= number).map(([kind]) => ({
      kind,
      link: `https://docs.example.com/${kind}/${5_000 + Math.round(asked)}`,
    }));
    steps.push(
      step(asked, 'requestor', 'renew', {
        justification,
        requested_duration: `P${days}D`,
        likelihood: 'Low',
        impact: 'Medium',
        risk_review: `Less is open than at ${number === 1 ? 'the start' : `renewal ${number - 1}`}.`,
      }),
      ...(artifacts.length > 0 ? [step(asked - 0.05, 'requestor', 'edit', { artifacts })] : []),
      step(asked - 0.1, 'requestor', 'submit'),
      ...approvals(asked - 0.1, asked - 0.5, {
        reviewer,
        reason: `Renewal ${number}: progress is shown`,
      }),
      step(asked - 0.6, 'requestor', 'activate'),
    );
  });
  return { steps };
}

/** A life with more in it: talk, violations, an archive before its time. */
export function also(life: Life, ...more: readonly DemoStep[]): Life {
  return { ...life, steps: [...life.steps, ...more].sort((a, b) => b.ago - a.ago) };
}

export function comment(ago: number, by: PersonName, body: string): DemoStep {
  return step(ago, by, 'comments', { body });
}

export function violation(
  ago: number,
  by: PersonName,
  impact: 'none' | 'degraded' | 'outage' | 'data',
  description: string,
): DemoStep {
  return step(ago, by, 'violations', { impact, description });
}

export function archive(ago: number, by: PersonName, reason: string): DemoStep {
  return step(ago, by, 'archive', { reason });
}
