import type { ExceptionRecord } from '@lapse/client';
import { missingApprovals } from './record-approvals.ts';
import { missingFields } from './record-missing.ts';
import { timeText } from './time-text.ts';

/** What has to happen next, and the command for it; nothing where only time has to pass. */
export function nextStep(record: ExceptionRecord): string | undefined {
  const id = record.exception_id;
  if (record.pending_change) {
    return `the extension waits for a decision: lapse approve ${id} --change extension --reason …`;
  }
  switch (record.status) {
    case 'Draft':
      return missingFields(record).length === 0
        ? `lapse submit ${id}`
        : `add what is missing (lapse show ${id} lists it), then: lapse submit ${id}`;
    case 'Under-Review':
      return `${missingApprovals(record)
        .map(({ role }) => role)
        .join(', ')} decides: lapse approve ${id} --reason …`;
    case 'Approved':
      return record.controls_confirmed
        ? undefined
        : `once the compensating controls are in place: lapse activate ${id}`;
    case 'Expiring':
      return `lapse close ${id}, lapse extend ${id} or lapse renew ${id} before ${record.expires_at ? timeText(record.expires_at) : 'the end'}`;
    case 'Expired':
      return `show that it is over: lapse close ${id}${evidenceOptions(record)}`;
    default:
      return undefined;
  }
}

function evidenceOptions({ remediation_plan: plan, grants }: ExceptionRecord): string {
  const evidence = (plan?.closure_criteria ?? []).map(({ id }) => ` --evidence ${id}=LINK`);
  const removal = grants?.length ? ' --removal-statement … --removal-link LINK' : '';
  return evidence.join('') + removal;
}
