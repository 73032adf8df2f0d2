import type { ExceptionRecord } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { displayWidth, wrapTo } from '../terminal/text-layout.ts';
import { missingApprovals } from './record-approvals.ts';
import { missingFields } from './record-missing.ts';
import { timeText } from './time-text.ts';

/** What has to happen next. */
export interface NextStep {
  /** In words; empty where the command says it all. */
  readonly what: string;
  readonly command: string;
}

/** `next: …` with the command on a line of its own where both do not fit: it stays whole to be copied. */
export function renderNext({ what, command }: NextStep, width: number): string {
  const next = colours.cyan('next:');
  const line = [what, command].filter(Boolean).join(': ');
  if ('next: '.length + displayWidth(line) <= width) return `${next} ${line}`;
  const words = wrapTo(`${what}:`, width - 'next: '.length).join('\n  ');
  return what === '' ? `${next} ${command}` : `${next} ${words}\n  ${command}`;
}

/** What has to happen next, and the command for it; nothing where only time has to pass. */
export function nextStep(record: ExceptionRecord): NextStep | undefined {
  const id = record.exception_id;
  if (record.owed) return owedStep(record, record.owed);
  if (record.pending_change) {
    return {
      what: `the ${record.pending_change.kind} waits for a decision`,
      command: `lapse approve ${id} --change ${record.pending_change.kind} --reason …`,
    };
  }
  switch (record.status) {
    case 'Draft':
      return missingFields(record).length === 0
        ? { what: '', command: `lapse submit ${id}` }
        : { what: 'add what is missing, and submit it', command: `lapse edit ${id}` };
    case 'Under-Review':
      return {
        what: approversOf(record),
        command: `lapse approve ${id} --reason …`,
      };
    case 'Approved':
      return record.controls_confirmed
        ? undefined
        : { what: 'once the compensating controls are in place', command: `lapse activate ${id}` };
    case 'Expiring':
      if (record.kind === 'permanent') {
        return {
          what: `its yearly review is due before ${record.expires_at ? timeText(record.expires_at) : 'its end'}`,
          command: `lapse complete-review ${id}`,
        };
      }
      return {
        what: `close, extend or renew it before ${record.expires_at ? timeText(record.expires_at) : 'the end'}`,
        command: `lapse close ${id}`,
      };
    case 'Expired':
      return {
        what: 'show that it is over',
        command: `lapse close ${id}${evidenceOptions(record)}`,
      };
    default:
      return undefined;
  }
}

/** What settles the review that is owed: approvals, and of an emergency the decision record. */
function owedStep(
  { exception_id: id, status, controls_confirmed }: ExceptionRecord,
  owed: NonNullable<ExceptionRecord['owed']>,
): NextStep {
  if (status === 'Approved' && !controls_confirmed) {
    return { what: 'once the compensating controls are in place', command: `lapse activate ${id}` };
  }
  const what = `its review is owed by ${timeText(owed.by)}`;
  return missingApprovals(owed).length > 0
    ? { what, command: `lapse approve ${id} --change ${owed.kind} --reason …` }
    : { what: `${what}: name the decision record`, command: `lapse edit ${id} --adr-id …` };
}

/** The roles that are still to approve. */
function approversOf(record: ExceptionRecord): string {
  const roles = [...new Set(missingApprovals(record).map(({ role }) => role))];
  return `${roles.join(', ')} ${roles.length === 1 ? 'decides' : 'decide'}`;
}

function evidenceOptions({ remediation_plan: plan, grants }: ExceptionRecord): string {
  const evidence = (plan?.closure_criteria ?? []).map(({ id }) => ` --evidence ${id}=LINK`);
  const removal = grants?.length ? ' --removal-statement … --removal-link LINK' : '';
  return evidence.join('') + removal;
}
