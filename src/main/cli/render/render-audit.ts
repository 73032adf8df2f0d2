import type { AuditEvent } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine, terminalWidth } from '../terminal/output.ts';
import { renderTable } from './render-table.ts';
import { timeText } from './time-text.ts';

/** The audit as a table: when, who, what, to what, and why. */
export function renderAudit(events: readonly AuditEvent[]): string {
  return renderTable(
    events,
    [
      {
        title: 'RECORDED (UTC)',
        text: ({ recorded_at }) => timeText(recorded_at).replace(' UTC', ''),
        style: colours.dim,
      },
      { title: 'WHO', text: ({ actor }) => safeLine(actor.name || actor.id), least: 14 },
      {
        title: 'WHAT',
        text: ({ type }) => wordsOf(type),
        style: (text) => (text.endsWith('refused') ? colours.yellow(text) : text),
        least: 16,
      },
      { title: 'ABOUT', text: aboutText, least: 12 },
      { title: 'DETAIL', text: detailText, least: 12, dispensable: 1 },
    ],
    terminalWidth(),
  );
}

/** `SignInRefused` as `sign in refused`. */
function wordsOf(type: string): string {
  return type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function aboutText({ subject: { type, id, name } }: AuditEvent): string {
  if (name !== null) return safeLine(name);
  // A tenant has one policy and one ledger, which bear its id.
  return type === 'policy' || type === 'ledger' ? type : safeLine(id);
}

/** Why, or how, or as what: the first of these that an event has. */
const TOLD = ['reason', 'method', 'role', 'roles', 'issuer', 'until', 'subject_id'];

function detailText({ data }: AuditEvent): string {
  const texts = TOLD.map((name) => [data?.[name]].flat()).find(isTexts) ?? [];
  return safeLine(texts.join(', '));
}

function isTexts(values: unknown[]): values is string[] {
  return values.length > 0 && values.every((value) => typeof value === 'string');
}
