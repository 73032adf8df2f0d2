import type { ExceptionRecord } from '@lapse/client';
import { colours } from '../terminal/colours.ts';

type Status = ExceptionRecord['status'];
type Style = (text: string) => string;

const STYLES: Readonly<Record<Status, Style>> = {
  Draft: colours.dim,
  'Under-Review': colours.cyan,
  Approved: colours.blue,
  Active: colours.green,
  Expiring: colours.yellow,
  Extended: colours.magenta,
  Expired: (text) => colours.bold(colours.red(text)),
  Closed: colours.dim,
  Archived: colours.dim,
};

/** A status in its colour; the word alone carries the meaning. */
export function statusText(status: Status, text: string = status): string {
  return STYLES[status](text);
}

/** A severity in its colour. */
export function severityText(severity: ExceptionRecord['severity']): string {
  if (severity === 'High') return colours.red(severity);
  if (severity === 'Medium') return colours.yellow(severity);
  return severity ?? '';
}
