import type { ExceptionRecord, OneException } from '@lapse/client';
import {
  type GivenApproval,
  requirementText,
  unmetRequirements,
} from '../../../domain/policy/approval-progress.ts';
import type { Requirement } from '../../../domain/policy/policy.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine, safeText } from '../terminal/output.ts';
import { type Line, labelled, renderSection } from './section.ts';
import { signInText } from './sign-in-text.ts';
import { suggestionFor, suggestionText } from './suggested-approvers.ts';
import { timeText } from './time-text.ts';

type Approval = ExceptionRecord['approvals'][number];

/** The approvals that a request still lacks, with the rule that asks for each. */
export function missingApprovals(
  from: Pick<ExceptionRecord, 'requirements' | 'approvals'>,
): Requirement[] {
  return unmetRequirements(from.requirements as Requirement[], from.approvals as GivenApproval[]);
}

/** Who approved, who still has to and why; and the change that waits, likewise. */
export function approvalSections(record: OneException, width: number): string[] {
  const isOpen = record.status === 'Under-Review';
  const lines = [
    ...record.approvals.map(given),
    ...(isOpen ? missingApprovals(record).flatMap((each) => missing(each, record)) : []),
    ...waitingLines(record, isOpen),
    ...(record.lapses_at
      ? [{ mark: ' ', text: `lapses ${timeText(record.lapses_at)} if nobody decides it` }]
      : []),
    ...labelled([['Decided by', record.policy && `policy pack ${packText(record.policy)}`]]),
  ];
  return [
    owedSection(record, width),
    renderSection('Approvals', lines, width),
    pendingSection(record, width),
  ];
}

/** What ends it by itself unless others agree: first of all, and loud. */
function owedSection(record: OneException, width: number): string {
  const { owed, adr_id, expires_at } = record;
  if (!owed) return '';
  const lacksRecord = owed.kind === 'break-glass' && !adr_id;
  const lines: Line[] = [
    { label: 'Due', text: `${timeText(owed.by)}, or it ends`, style: colours.red },
    {
      label: owed.kind === 'break-glass' ? 'Could not wait' : 'What has changed',
      text: safeText(owed.reason),
    },
    { label: 'Asked for by', text: safeText(owed.requested_by.name) },
    ...labelled([
      ['Its end, if settled', owed.expires_at === expires_at ? '' : timeText(owed.expires_at)],
    ]),
    ...owed.approvals.map(given),
    ...missingApprovals(owed).flatMap((each) => missing(each, record)),
    ...(lacksRecord
      ? [{ mark: colours.yellow('○'), text: 'the decision record is lacking (adr_id)' }]
      : []),
  ];
  return renderSection(colours.red(`Owed: the ${owed.kind} review`), lines, width);
}

function pendingSection(record: OneException, width: number): string {
  const { pending_change: pending } = record;
  if (!pending) return '';
  const lines: Line[] = [
    { label: 'Until', text: timeText(pending.expires_at) },
    {
      label: 'Asked for by',
      text: `${safeText(pending.requested_by.name)} at ${timeText(pending.requested_at)}`,
    },
    { label: 'Reason', text: safeText(pending.reason) },
    { label: 'Risk review', text: safeText(pending.risk_review) },
    ...labelled([
      ['Business case', pending.business_case && safeLine(pending.business_case)],
      ['Memo', pending.memo && safeLine(pending.memo)],
      ['Documented in', pending.documented_in && safeLine(pending.documented_in)],
    ]),
    ...pending.approvals.map(given),
    ...missingApprovals(pending).flatMap((each) => missing(each, record)),
    ...waitingLines(record, true),
  ];
  return renderSection(`Pending ${pending.kind}`, lines, width);
}

/** Since when what is open waits, and who was told of it. */
function waitingLines({ awaited_since, escalations }: ExceptionRecord, isOpen: boolean): Line[] {
  if (!isOpen || !awaited_since) return [];
  return [
    { mark: ' ', text: `waits since ${timeText(awaited_since)}` },
    ...escalations.map(({ to, at, waits_since }) => ({
      mark: colours.yellow('!'),
      text: `escalated to ${to} at ${timeText(at)}, having waited since ${timeText(waits_since)}`,
    })),
  ];
}

function given(approval: Approval): Line {
  const { role, consumer, by, on_behalf_of, at, reason, ends_by, signed_in, passkey } = approval;
  const person = on_behalf_of === undefined ? '' : ` for ${safeText(on_behalf_of.name)}`;
  const of = consumer === undefined ? '' : ` of ${safeText(consumer)}`;
  const until = ends_by === undefined ? '' : `, until ${timeText(ends_by)} at the latest`;
  const how = passkey === undefined ? signInText(signed_in) : ', signed with a passkey';
  return {
    mark: colours.green('✓'),
    text: `${safeText(by.name)}${person} as ${role}${of}, ${timeText(at)}${until}${how}: ${safeText(reason)}`,
  };
}

/** What is lacking, and who can bring it where that can be brought next. */
function missing(requirement: Requirement, record: OneException): Line[] {
  const suggestion = suggestionFor(record, requirement);
  return [
    {
      mark: colours.yellow('○'),
      text: `${safeText(requirementText(requirement))} has not approved (rule ${requirement.rule})`,
    },
    ...(suggestion
      ? [{ mark: ' ', text: `can approve: ${suggestionText(suggestion)}`, style: colours.dim }]
      : []),
  ];
}

/** The beginning of a pack's digest, which tells it from others; the whole of it is in the JSON. */
function packText(policy: string): string {
  return safeLine(policy.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, '$1…'));
}
