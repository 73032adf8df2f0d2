import type { ExceptionRecord } from '@lapse/client';
import { safeLine } from '../terminal/output.ts';
import { renderTable } from './render-table.ts';
import { megabytesText } from './size-text.ts';
import { timeText } from './time-text.ts';

type EvidenceFile = ExceptionRecord['evidence_files'][number];

/** The links one a line, and the files as a table; digests stay whole to be copied. */
export function renderEvidence(
  links: readonly string[],
  files: readonly EvidenceFile[],
  width: number,
): string {
  const table = renderTable(
    files,
    [
      { title: 'DIGEST', text: ({ digest }) => digest },
      { title: 'NAME', text: ({ name }) => safeLine(name), least: 12 },
      { title: 'SIZE', text: ({ size }) => megabytesText(size), dispensable: 1 },
      { title: 'TYPE', text: ({ type }) => safeLine(type), least: 8, dispensable: 4 },
      { title: 'ADDED', text: ({ added_at }) => timeText(added_at), dispensable: 2 },
      { title: 'BY', text: ({ added_by }) => safeLine(added_by.name), dispensable: 3 },
    ],
    width,
  );
  const lines = links.map(safeLine).join('\n');
  return [lines, files.length > 0 ? table : ''].filter((part) => part !== '').join('\n\n');
}

/** A file in one line of a record. */
export function evidenceFileText({ name, size, digest }: EvidenceFile): string {
  return `${safeLine(name)}, ${megabytesText(size)}, ${digest}`;
}
