import type { PersonName } from './demo-people.ts';

/** Who does what, and when. `ago` is days before the demonstration is made. */
export interface DemoStep {
  readonly ago: number;
  readonly by: 'requestor' | PersonName;
  /** `draft`, or the last part of the path of a command or an addition. */
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

export function draft(ago: number): Life {
  return { steps: [step(ago, 'requestor', 'draft')] };
}

export function underReview(ago: number): Life {
  return { steps: [...draft(ago).steps, step(ago - SUBMITTED, 'requestor', 'submit')] };
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
export function approved(ago: number, startsIn: number, by: PersonName, reason: string): Life {
  return {
    startsIn,
    steps: [
      ...underReview(ago).steps,
      step(ago - APPROVED, by, 'approve', { reason }),
      step(ago - ACTIVATED, 'requestor', 'activate'),
    ],
  };
}

/** Approved and in force; what comes then is up to its end. */
export function active(ago: number, by: PersonName, reason: string): Life {
  const { steps } = approved(ago, 0, by, reason);
  return { steps };
}

/** In force, and longer than it was to be at first: asked for `after` days, until `until` days from now. */
export function extended(
  ago: number,
  by: PersonName,
  { after, until, reason }: { after: number; until: number; reason: string },
): Life {
  const asked = ago - after;
  return {
    steps: [
      ...active(ago, by, 'The risk is contained and the plan has dates').steps,
      step(asked, 'requestor', 'request-extension', {
        reason,
        risk_review: 'Assessed again with the threat model of this quarter: unchanged',
        days_from_now: until,
      }),
      step(asked - 0.6, by, 'approve', {
        reason: 'One extension, with the risk reviewed',
        change: 'extension',
      }),
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

/**
 * Renewed again and again, each time `ahead` of the end: `cycle` days lie between two approvals, and
 * the last of `count` renewals is in force.
 */
export function renewed(
  ago: number,
  by: PersonName,
  { cycle, reasons, days }: { cycle: number; reasons: readonly string[]; days: number },
): Life {
  const steps = [...active(ago, by, 'Acceptable while the migration goes on').steps];
  reasons.forEach((justification, index) => {
    const asked = ago - cycle * (index + 1);
    steps.push(
      step(asked, 'requestor', 'renew', { justification, requested_duration: `P${days}D` }),
      step(asked - 0.1, 'requestor', 'submit'),
      step(asked - 0.5, by, 'approve', { reason: `Renewal ${index + 1}: progress is shown` }),
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
