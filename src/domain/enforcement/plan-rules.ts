/** What `lapse check terraform-plan` finds; the names are stable, as those of `lapse check` are. */
export type PlanRule =
  | 'access-uncovered'
  | 'access-unknown'
  | 'access-outlives'
  | 'access-endless'
  | 'access-covered';

/** Each in a few words, and why it is so. */
export const PLAN_RULES = {
  'access-uncovered': {
    level: 'error',
    summary: 'No exception in force covers what a plan gives',
    help: 'Role assignments, policy exemptions and group memberships that a plan creates or changes are each listed by an exception that is approved and in force: the same access, for the same person, at the same place.',
  },
  'access-unknown': {
    level: 'error',
    summary: 'It cannot be told what a plan gives',
    help: 'A value is known only after the apply, or is written in a way that cannot be read. What cannot be told is never passed: write the id itself, or plan again once what it comes from is there.',
  },
  'access-outlives': {
    level: 'error',
    summary: 'A policy exemption ends later than its exception',
    help: 'The end in Azure is a second lock: it is that of the exception, or before it.',
  },
  'access-endless': {
    level: 'warning',
    summary: 'A policy exemption has no end in Azure',
    help: 'Without expires_on its removal alone ends it. Set it to the end of the exception.',
  },
  'access-covered': {
    level: 'note',
    summary: 'An exception in force covers what a plan gives',
    help: 'Nothing has to be done. The message names the exception and its end.',
  },
} as const satisfies Readonly<
  Record<PlanRule, { level: 'error' | 'warning' | 'note'; summary: string; help: string }>
>;
