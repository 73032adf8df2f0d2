import { type GivenApproval, openRequirements } from '../../domain/policy/approval-progress.ts';
import type { Requirement } from '../../domain/policy/policy.ts';
import type { ExceptionAnswer } from '../../features/exceptions/exception-schemas.ts';
import type { Review } from './demo-lives.ts';
import { CONSUMERS, DOMAIN_OWNER_OF, PEOPLE, type PersonName, ROLE_OF } from './demo-people.ts';
import type { DemoRecord } from './demo-record.ts';

/** One approval, as it is sent. */
interface DemoApproval {
  readonly by: PersonName;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * The next approval of what waits, as the record was answered last; `undefined` once nobody is asked
 * any more. Throws where nobody in the demonstration can fill what is asked.
 */
export function nextApproval(
  answer: ExceptionAnswer,
  record: DemoRecord,
  review: Review,
): DemoApproval | undefined {
  const change = answer.pending_change;
  if (!change && answer.status !== 'Under-Review') return undefined;
  const { requirements, approvals } = change ?? answer;
  const asked = openRequirements(requirements as Requirement[], approvals as GivenApproval[]).find(
    ({ role }) => role !== review.waitsFor,
  );
  if (!asked) return undefined;
  const { role, consumer } = asked;
  const body = {
    reason: role === 'security' ? review.reason : reasonOf(asked, record, answer),
    role,
    ...(consumer === undefined ? {} : { consumer }),
    ...(change ? { change: change.kind } : {}),
  };
  return { by: fillerOf(asked, record, review), body };
}

function fillerOf(requirement: Requirement, record: DemoRecord, review: Review): PersonName {
  const filler = findFiller(requirement, record, review);
  if (filler) return filler;
  const { role, consumer = '' } = requirement;
  throw new Error(`"${record.title}" needs ${role} ${consumer}, whom nobody plays`);
}

function findFiller(
  { role, consumer, person }: Requirement,
  record: DemoRecord,
  { reviewer }: Review,
): PersonName | undefined {
  const names = Object.keys(PEOPLE) as PersonName[];
  if (person) return names.find((name) => PEOPLE[name].email === person.email);
  switch (role) {
    case 'security':
      return reviewer;
    case 'domain-owner':
      return DOMAIN_OWNER_OF[record.by];
    case 'consumer':
      return CONSUMERS[consumer ?? ''];
    default:
      return names.find((name) => ROLE_OF[name] === role);
  }
}

/** What somebody says who approves for what they answer for. */
function reasonOf(
  { role, consumer }: Requirement,
  { limits, plan, atEnd }: DemoRecord,
  { justification, versioning_impact }: ExceptionAnswer,
): string {
  switch (role) {
    case 'ciso':
      return `The risk is accepted for the time asked. At its end: ${atEnd}`;
    case 'platform-lead':
      return `The platform supports the plan: ${plan}`;
    case 'api-owner':
      return `The interface changes as described: ${versioning_impact}`;
    case 'consumer':
      return `${consumer} has this in its plan and moves in time.`;
    case 'dpo':
      return `Lawful within these limits: ${limits.join('; ')}.`;
    case 'executive-sponsor':
      return `I answer for the delay: ${justification}`;
    case 'executive-leadership':
      return `Goes on once more, with this plan: ${plan}`;
    case 'risk-committee':
      return `Tolerable for one more period. At its end: ${atEnd}`;
    default:
      return `Our domain can live with it. In place: ${limits[0]}.`;
  }
}
