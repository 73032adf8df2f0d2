import type { GrantList } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { spanText } from './time-text.ts';

/** A grant as the server answers it. */
export type Grant = GrantList['items'][number];
type Status = Grant['status'];

const WORDS: Readonly<Record<Status, string>> = {
  planned: 'not in place',
  applying: 'being put in place',
  'in-place': 'in place',
  removing: 'being taken away',
  removed: 'gone',
  failed: 'could not be done',
  manual: 'for a person to take away',
};

const STYLES: Readonly<Record<Status, (text: string) => string>> = {
  planned: colours.dim,
  applying: colours.cyan,
  'in-place': colours.green,
  removing: colours.yellow,
  removed: colours.dim,
  failed: colours.red,
  manual: colours.red,
};

/** Where a grant stands, in words; what should be gone says for how long. */
export function standingText(grant: Pick<Grant, 'status' | 'overdue_since'>, now: number): string {
  return [WORDS[grant.status], overdueText(grant, now)].filter(Boolean).join(', ');
}

/** `overdue for 3 days`; empty where it is not. */
export function overdueText({ overdue_since }: Pick<Grant, 'overdue_since'>, now: number): string {
  if (overdue_since === null) return '';
  const since = now - Date.parse(overdue_since);
  return since >= 0 ? `overdue for ${spanText(since)}` : 'overdue';
}

/** In the colour of its status; what is overdue stands out. */
export function standingStyle(
  text: string,
  { status, overdue_since }: Pick<Grant, 'status' | 'overdue_since'>,
): string {
  return overdue_since === null ? STYLES[status](text) : colours.bold(colours.red(text));
}
