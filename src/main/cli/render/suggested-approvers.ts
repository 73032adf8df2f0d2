import type { OneException } from '@lapse/client';
import { safeText } from '../terminal/output.ts';
import { dayText } from './time-text.ts';

type Suggested = NonNullable<OneException['suggested_approvers']>[number];
type Approver = Suggested['approvers'][number];

/** Who can fill a requirement; who is away stands with who acts for them. */
export function suggestionText({ approvers, others }: Suggested): string {
  if (approvers.length === 0) return 'nobody yet; lapse token create gives somebody the role';
  const more = others > 0 ? [`${others} more`] : [];
  return [...approvers.map(approverText), ...more].join(', ');
}

/** The suggestion for a requirement of a record, where it is open. */
export function suggestionFor(
  { suggested_approvers = [] }: OneException,
  wanted: Pick<Suggested['requirement'], 'role' | 'consumer' | 'person'>,
): Suggested | undefined {
  return suggested_approvers.find(
    ({ requirement: { role, consumer, person } }) =>
      role === wanted.role && consumer === wanted.consumer && person?.id === wanted.person?.id,
  );
}

function approverText({ name, delegates }: Approver): string {
  const acting = delegates.map((one) => `${safeText(one.name)} until ${dayText(one.until)}`);
  return acting.length === 0 ? safeText(name) : `${safeText(name)} (away: ${acting.join(', ')})`;
}
