import type { ExceptionHistory } from '@lapse/client';
import type { ApprovalSignature } from '../../../domain/signature/approval-signature.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { displayWidth, fitTo, padTo, wrapTo } from '../terminal/text-layout.ts';
import { signInText } from './sign-in-text.ts';
import { timeText } from './time-text.ts';

type Entry = ExceptionHistory['items'][number];

/** A record's events, oldest first: place in the ledger, time, what, by whom, and its details. */
export function renderHistory({ items }: ExceptionHistory, width: number): string {
  const places = items.map(({ ledger_index }) =>
    ledger_index === null ? '…' : `#${ledger_index}`,
  );
  const column = Math.max(...places.map(displayWidth), 1);
  const lines = items.flatMap((entry, index) => {
    const place = padTo(places[index] ?? '', column);
    const head = `${colours.dim(place)}  ${timeText(entry.at)}  ${colours.bold(eventText(entry.type))}  ${actorText(entry)}`;
    const indent = ' '.repeat(column + 2);
    const details = detailsOf(entry).flatMap((detail) => wrapTo(detail, width - indent.length));
    return [head, ...details.map((line) => indent + colours.dim(line))];
  });
  const pending = items.some(({ ledger_index }) => ledger_index === null);
  return [
    ...lines,
    ...(pending ? ['', '… is not in the ledger yet; it will be in a second'] : []),
  ].join('\n');
}

/** `ExceptionSubmitted` is `Submitted`, `ApprovalGiven` is `Approval given`. */
function eventText(type: string): string {
  const words = type.replace(/^Exception/, '').replace(/([a-z])([A-Z])/g, '$1 $2');
  return words.charAt(0) + words.slice(1).toLowerCase();
}

function actorText({ actor }: Entry): string {
  if (actor.role === 'system') return 'by the clock';
  return `by ${safeLine(actor.name)} (${actor.role})${signInText(actor.signed_in)}`;
}

/** What an event says beyond its type; what a draft holds is left to `lapse show`. */
function detailsOf({ type, data }: Entry): string[] {
  if (typeof data !== 'object' || data === null) return [];
  const details = data as Record<string, unknown>;
  if (type === 'ExceptionDrafted') return draftDetails(details);
  return Object.entries(details)
    .filter(([name, value]) => !HIDDEN.has(name) && !isEmpty(value))
    .flatMap(([name, value]) => {
      if (name === 'changes') return changeDetails(value as Record<string, unknown>);
      if (name === 'signature') return [signatureText(value as ApprovalSignature)];
      if (name === 'on_behalf_of')
        return [`on behalf of ${safeLine((value as { name: string }).name)}`];
      const text = name === 'requirements' ? requirementsText(value) : valueText(value);
      return [`${name.replaceAll('_', ' ')}: ${text}`];
    });
}

/** What was signed is what stands around it; a verification checks that. */
function signatureText({ credential_id, origin, statement }: ApprovalSignature): string {
  return `signed with the passkey ${credential_id.slice(0, 12)}… at ${safeLine(origin)}, for an end at ${timeText(statement.ends_at)}`;
}

/** Said by another line, or of use to programs alone. */
const HIDDEN = new Set([
  'statement_digest',
  'places',
  'policy',
  'reminders',
  'due',
  'material',
  'change_id',
  'role',
  'activated_at',
]);

/** A field's new value where it is a plain one; of plans, people and the like only that it changed. */
function changeDetails(changes: Record<string, unknown>): string[] {
  return Object.entries(changes).map(([name, value]) => {
    if (value === null) return `${name} taken away`;
    const isPlain = [value].flat().every((each) => typeof each !== 'object');
    return isPlain ? `${name}: ${fitTo(valueText(value), CHANGE_COLUMNS)}` : `${name} changed`;
  });
}

const CHANGE_COLUMNS = 200;

function requirementsText(value: unknown): string {
  return (value as { role: string; count: number; rule: string }[])
    .map(({ role, count, rule }) => `${count} ${role} (rule ${rule})`)
    .join(', ');
}

function draftDetails({ fields, claims, renews }: Record<string, unknown>): string[] {
  const { title } = (fields ?? {}) as { title?: string };
  return [
    ...(title ? [safeLine(title)] : []),
    ...(renews ? [`renews ${safeLine(String(renews))}`] : []),
    ...(claims ? ['with claims of an imported file, unverified'] : []),
  ];
}

function valueText(value: unknown): string {
  if (typeof value === 'string') {
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? timeText(value) : safeLine(value);
  }
  if (Array.isArray(value)) return value.map(valueText).join('; ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${valueText(inner)}`)
    .join(', ');
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
