import { personLine } from '../../domain/exception/person-line.ts';
import { inText, minute } from '../../platform/documents/markdown-text.ts';
import type { ExceptionAnswer } from './exception-schemas.ts';

/** A value with its label; nothing where there is none. */
type Line = readonly [label: string, value: string | undefined];

/** One record with everything that an auditor asks about: what, why, who decided, until when, what shows it. */
export function recordSection(record: ExceptionAnswer): string {
  const parts = [
    `\n## ${record.exception_id}\n\n**${inText(record.title)}**\n\n`,
    lines([...standing(record), ...substance(record)]),
    list('Compensating controls', record.compensating_controls),
    plan(record),
    list('Approvals', approvals(record)),
    list('Evidence', [
      ...(record.evidence ?? []),
      ...files(record),
      ...closing(record),
      ...readings(record),
    ]),
    list('Violations', record.violations.map(violation)),
    list('Claims of an imported file, unverified', claims(record)),
  ];
  return parts.join('');
}

function standing(record: ExceptionAnswer): Line[] {
  const { severity, risk_score: score, stride, pending_change: pending, closed } = record;
  return [
    ['Status', `${record.status}${record.in_force ? ', in force' : ''}`],
    [
      'Risk',
      severity ? `${severity} (${score} of 9), ${record.likelihood} × ${record.impact}` : undefined,
    ],
    ['STRIDE', stride],
    ['Starts', time(record.effective_from)],
    ['Ends', time(record.expires_at)],
    ['Asked for', text(record.requested_duration)],
    ['End before its extension', record.extended_at ? time(record.original_expires_at) : undefined],
    [
      'Pending',
      pending
        ? `${pending.kind} to ${minute(pending.expires_at)}: ${inText(pending.reason)}`
        : undefined,
    ],
    ['Break-glass', text(record.break_glass?.reason)],
    ['Review owed by', time(record.owed?.by)],
    ['Approved', time(record.approved_at)],
    ['Active since', time(record.activated_at)],
    ['Ended', time(record.ended_at)],
    ['Ended because', text(record.ended_note)],
    [
      'Closed',
      closed
        ? `${minute(closed.at)}, ${closed.reason}, by ${inText(closed.by.name)}${closed.note ? `: ${inText(closed.note)}` : ''}`
        : undefined,
    ],
    ['Renews', text(record.renews)],
    ['Renewed by', text(record.renewed_by)],
    ['Permanent since', time(record.permanence?.granted_at)],
    ['Reviewed', time(record.permanence?.reviewed_at)],
    ['Documented in', text(record.permanence?.documented_in)],
    ['Decision due', time(record.decision?.decide_by)],
  ];
}

function substance(record: ExceptionAnswer): Line[] {
  const { telemetry = {}, scope = {}, grants = [], artifacts = [] } = record;
  return [
    ['Category', record.category],
    ['Control', record.control],
    ['Environment', record.environment],
    ['Data', record.data_classification],
    ['Policy', joined(record.policy_ref)],
    ['Decision record', text(record.adr_id)],
    ['Threat', text(record.threat_model_link)],
    ['Ticket', text(record.ticket_id)],
    ['Requestor', record.requestor && inText(personLine(record.requestor))],
    ['Owners', joined(record.owners?.map(personLine))],
    ['Justification', text(record.justification)],
    ['Risk review', text(record.risk_review)],
    ['At the end', text(record.expiry_actions)],
    ['Ends early when', text(record.end_condition)],
    ['Services', joined(record.services)],
    ['APIs', joined(record.apis)],
    ['Models', joined(record.models)],
    ['Consumers', joined(record.consumers)],
    ['Scope', joined(named(scope))],
    ['Telemetry', joined(named(telemetry))],
    ['Dependencies', joined(record.dependencies)],
    ['Versioning', text(record.versioning_impact)],
    ['Change', record.change_class],
    ['Grants', joined(grants.map((grant) => JSON.stringify(grant)))],
    [
      'Artifacts',
      joined(artifacts.map(({ kind, link, evidence }) => `${kind}: ${link ?? evidence}`)),
    ],
    ['External ids', joined(record.external_ids)],
    ['Made', `${minute(record.created_at)} by ${inText(record.created_by.name)}`],
    ['Changed', `${minute(record.updated_at)}, revision ${record.revision}`],
  ];
}

function plan({ remediation_plan: plan }: ExceptionAnswer): string {
  if (!plan) return '';
  const steps = (plan.steps ?? []).map(({ text, owner, due }) =>
    [text, owner, due && minute(due)].filter(Boolean).join(', '),
  );
  const criteria = plan.closure_criteria?.map(({ id, text }) => `${id}: ${text}`);
  return [
    lines([['Remediation plan', text(plan.summary)]]),
    list('Steps', steps),
    list('Closed when', criteria),
  ].join('');
}

function approvals({ approvals, requirements }: ExceptionAnswer): string[] {
  const given = approvals.map(
    ({ by, on_behalf_of: person, role, at, reason }) =>
      `${personLine(by)}${person ? ` for ${personLine(person)}` : ''} as ${role}, ${minute(at)}: ${reason}`,
  );
  const needed = requirements.map(
    ({ role, count, rule }) => `needed: ${count} × ${role} (${rule})`,
  );
  return [...given, ...needed];
}

function closing({ closed }: ExceptionAnswer): string[] {
  return (closed?.evidence ?? []).map(
    ({ criterion, link, digest }) => `${criterion}: ${link ?? digest}`,
  );
}

function files({ evidence_files }: ExceptionAnswer): string[] {
  return evidence_files.map(
    ({ name, type, size, digest }) => `${name}, ${type}, ${size} bytes, SHA-256 ${digest}`,
  );
}

function readings({ link_readings }: ExceptionAnswer): string[] {
  return link_readings.map(({ link, at, digest, size, type, status, reason }) =>
    digest === null
      ? `${link}: not reached, ${minute(at)}: ${reason}`
      : `${link}: ${[type, `${size} bytes`, `SHA-256 ${digest}`, `status ${status}`].filter(Boolean).join(', ')}, ${minute(at)}`,
  );
}

function violation({ at, impact, description, by }: ExceptionAnswer['violations'][number]): string {
  return `${minute(at)}, impact ${impact}: ${description} (${by.name})`;
}

function claims({ claims }: ExceptionAnswer): string[] {
  const status = claims?.status ? [`status ${claims.status}`] : [];
  return [...status, ...(claims?.approvals ?? []).map((claim) => JSON.stringify(claim))];
}

function lines(given: readonly Line[]): string {
  return given
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value]) => `- **${label}:** ${value}\n`)
    .join('');
}

function list(label: string, entries: readonly string[] = []): string {
  if (entries.length === 0) return '';
  return `- **${label}:**\n${entries.map((entry) => `  - ${inText(entry)}\n`).join('')}`;
}

function named(lists: Readonly<Record<string, readonly string[] | undefined>>): string[] {
  return Object.entries(lists).flatMap(([name, list = []]) => list.map((one) => `${name}: ${one}`));
}

function joined(list: readonly string[] | undefined): string | undefined {
  return list?.map(inText).join('; ');
}

function text(value: string | null | undefined): string | undefined {
  return value ? inText(value) : undefined;
}

function time(value: string | null | undefined): string | undefined {
  return value ? minute(value) : undefined;
}
