import { grantWords } from '../../../domain/enforcement/grant-words.ts';
import { safeLine } from '../terminal/output.ts';
import { type Grant, standingStyle, standingText } from './grant-status.ts';
import { renderTable } from './render-table.ts';
import { dayText } from './time-text.ts';

/** Grants as a table. */
export function renderGrants(grants: readonly Grant[], width: number, now: number): string {
  return renderTable(
    grants,
    [
      { title: 'GRANT', text: ({ grant_id }) => grant_id },
      {
        title: 'STATUS',
        text: (grant) => standingText(grant, now),
        style: (text, grant) => standingStyle(text, grant),
        least: 12,
      },
      { title: 'WHAT', text: ({ grant }) => safeLine(grantWords(grant).what), least: 14 },
      { title: 'WHERE', text: ({ grant }) => safeLine(grantWords(grant).where), least: 10 },
      { title: 'SINCE', text: ({ since }) => dayText(since), dispensable: 1 },
      { title: 'MODE', text: ({ mode }) => mode, dispensable: 2 },
      { title: 'RECORD', text: ({ exception_id }) => exception_id, dispensable: 3 },
    ],
    width,
  );
}
