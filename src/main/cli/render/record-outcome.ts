import type { ExceptionRecord } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine, safeText } from '../terminal/output.ts';
import { type Line, labelled, renderSection } from './section.ts';
import { timeText } from './time-text.ts';

/** How and why it was closed. */
export function closingSection({ closed, archived_at }: ExceptionRecord, width: number): string {
  if (!closed) return '';
  const lines = labelled([
    ['Closed', `${closed.reason}, by ${safeText(closed.by.name)} at ${timeText(closed.at)}`],
    ['Note', closed.note && safeText(closed.note)],
    archived_at
      ? ['Archived', timeText(archived_at)]
      : ['Archived after', timeText(closed.archives_at)],
  ]);
  return renderSection('Closing', lines, width);
}

/** Where it was used against its terms, or did harm. */
export function violationsSection({ violations }: ExceptionRecord, width: number): string {
  const lines = violations.map(
    ({ at, impact, description, by }): Line => ({
      mark: colours.red('!'),
      text: `${timeText(at)}, impact ${impact}: ${safeText(description)} (${safeText(by.name)})`,
    }),
  );
  return renderSection('Violations', lines, width);
}

/** What an imported file said of itself: nobody has verified it, and nothing follows from it. */
export function claimsSection({ claims }: ExceptionRecord, width: number): string {
  if (!claims) return '';
  const lines: Line[] = [
    ...(claims.status ? [{ mark: '?', text: `status ${safeLine(claims.status)}` }] : []),
    ...(claims.approvals ?? []).map((claim) => ({ mark: '?', text: claimText(claim) })),
  ];
  return renderSection(
    `Claims of the imported file ${colours.yellow('(unverified; they count for nothing)')}`,
    lines.map((line) => ({ ...line, style: colours.dim })),
    width,
  );
}

function claimText(claim: unknown): string {
  if (typeof claim !== 'object' || claim === null) return safeLine(String(claim));
  const { role, name, decision, date, ...rest } = claim as Record<string, unknown>;
  const parts = [decision ?? 'approval', name && `by ${name}`, role && `as ${role}`, date];
  const others = Object.entries(rest).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return safeLine([...parts.filter(Boolean), ...others].join(' '));
}
