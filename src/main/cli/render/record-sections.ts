import type { ExceptionRecord } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine, safeText } from '../terminal/output.ts';
import { evidenceFileText, linkReadingText } from './render-evidence.ts';
import { type Line, labelled, renderSection } from './section.ts';
import { dayText, timeText } from './time-text.ts';

type Person = NonNullable<ExceptionRecord['requestor']>;

/** What was asked for: by whom, against which rules, of what, for how long. */
export function requestSections(record: ExceptionRecord, width: number): string[] {
  const request = labelled([
    ['Requestor', record.requestor && personText(record.requestor)],
    ['Owners', record.owners?.map(personText).join('\n')],
    ['Deviates from', joined(record.policy_ref)],
    ['Decision record', record.adr_id],
    ['Ticket', record.ticket_id],
    ['Justification', record.justification && safeText(record.justification)],
    ['Versioning impact', record.versioning_impact && safeText(record.versioning_impact)],
    ['Change class', record.change_class],
    [
      'Artifacts',
      record.artifacts
        ?.map(({ kind, link, evidence }) => `${kind}: ${safeLine(link ?? evidence ?? '')}`)
        .join('\n'),
    ],
    ['Other ids', record.external_ids?.map(safeLine).join(', ')],
  ]);
  const covered = labelled([
    ['Category', record.category],
    ['Control', record.control],
    ['Environment', record.environment],
    ['Data', record.data_classification],
    ['Services', list(record.services)],
    ['APIs', list(record.apis)],
    ['Models', list(record.models)],
    ['Consumers', list(record.consumers)],
    ['Depends on', list(record.dependencies)],
    ...Object.entries(record.scope ?? {}).map(
      ([kind, names]) => [`Scope: ${kind}`, list(names)] as const,
    ),
  ]);
  const risk = labelled([
    ['Threat', [record.stride, record.threat_model_link].filter(Boolean).join('  ')],
    ['Likelihood', record.likelihood],
    ['Impact', record.impact],
    ['Risk review', record.risk_review && safeText(record.risk_review)],
  ]);
  return [
    renderSection('Time', timeLines(record), width),
    renderSection('Request', request, width),
    renderSection('Covers', covered, width),
    renderSection('Risk', risk, width),
  ];
}

/** What limits the risk meanwhile, whether that is confirmed, and what watches it. */
export function controlsSection(record: ExceptionRecord, width: number): string {
  const confirmed = record.controls_confirmed;
  const mark = confirmed ? colours.green('✓') : colours.yellow('○');
  const controls = (record.compensating_controls ?? []).map(
    (text): Line => ({ mark, text: safeText(text) }),
  );
  const lines = [
    ...controls,
    ...labelled([
      [
        'In place',
        confirmed && `confirmed by ${safeText(confirmed.by.name)}, ${timeText(confirmed.at)}`,
      ],
      ...Object.entries(record.telemetry ?? {}).map(
        ([kind, names]) => [kind.replace(/^./, (c) => c.toUpperCase()), list(names)] as const,
      ),
    ]),
  ];
  return renderSection('Compensating controls and telemetry', lines, width);
}

/** How it becomes unnecessary, and which criteria are shown to be met. */
export function remediationSection(record: ExceptionRecord, width: number): string {
  const plan = record.remediation_plan;
  const shown = new Map(
    (record.closed?.evidence ?? []).map(({ criterion, link, digest }) => [
      criterion,
      link ?? digest,
    ]),
  );
  const lines: Line[] = [
    ...labelled([['Plan', plan?.summary && safeText(plan.summary)]]),
    ...(plan?.steps ?? []).map(({ text, owner, due }) => ({
      mark: '·',
      text: [safeText(text), owner && safeLine(owner), due && `due ${timeText(due)}`]
        .filter(Boolean)
        .join(', '),
    })),
    ...(plan?.closure_criteria ?? []).map(({ id, text }): Line => {
      const link = shown.get(id);
      const proof = link === undefined ? '' : `: ${safeLine(link)}`;
      return {
        mark: link === undefined ? colours.yellow('○') : colours.green('✓'),
        text: `${safeLine(id)}  ${safeText(text)}${proof}`,
      };
    }),
    ...labelled([
      ['At the end', record.expiry_actions && safeText(record.expiry_actions)],
      ['Evidence', joined(record.evidence)],
      ['Files', record.evidence_files.map(evidenceFileText).join('\n')],
      ['Links, as archived', record.link_readings.map(linkReadingText).join('\n')],
    ]),
  ];
  return renderSection('Remediation', lines, width);
}

function timeLines(record: ExceptionRecord): Line[] {
  const extended = record.extended_at && record.original_expires_at;
  return labelled([
    ['Starts', record.effective_from && timeText(record.effective_from)],
    ['Ends', record.expires_at && timeText(record.expires_at)],
    [
      'Extended',
      extended && `from ${timeText(extended)}, at ${timeText(record.extended_at ?? '')}`,
    ],
    ['Asked for', record.requested_duration && `${record.requested_duration} from approval`],
    ['Ends before, if', record.end_condition && safeText(record.end_condition)],
    [
      'Active since',
      record.activated_at && `${timeText(record.activated_at)} (${record.age_days} d)`,
    ],
    ['Ended because', record.ended_note && safeText(record.ended_note)],
    ['Reminders', record.in_force ? record.reminders.map(dayText).join(', ') : ''],
    ['Renews', record.renews && `${record.renews} (renewal ${record.renewal_number})`],
    ['Renewed by', record.renewed_by],
    ...chainLines(record),
  ]);
}

/** Whether it is permanent, and what executive leadership has to decide on its chain. */
function chainLines({ permanence, decision }: ExceptionRecord) {
  const { reviewed_at: reviewed, granted_at: since } = permanence ?? {};
  const made = decision?.rearchitecture;
  return [
    ['Permanent since', since && timeText(since)],
    ['Reviewed', reviewed && timeText(reviewed)],
    ['Documented in', permanence && safeLine(permanence.documented_in)],
    ['Business case', permanence && safeLine(permanence.business_case)],
    ['Memo', permanence && safeLine(permanence.memo)],
    [
      'Decision',
      decision &&
        (made
          ? `re-architecture, by ${safeText(made.by.name)} at ${timeText(made.at)}: ${safeText(made.reason)}`
          : `executive leadership decides before ${timeText(decision.decide_by)}: permanent or re-architecture`),
    ],
  ] as const;
}

function personText({ name, email, team }: Person): string {
  const address = email && email !== name ? ` <${email}>` : '';
  return safeLine(`${name}${address}${team ? `, ${team}` : ''}`);
}

function list(names: readonly string[] | undefined): string | undefined {
  return names?.map(safeLine).join(', ');
}

function joined(links: readonly string[] | undefined): string | undefined {
  return links?.map(safeLine).join('\n');
}
