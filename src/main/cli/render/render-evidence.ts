import type { ExceptionRecord } from '@lapse/client';
import { safeLine } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { renderTable } from './render-table.ts';
import { megabytesText } from './size-text.ts';
import { timeText } from './time-text.ts';

const INDENT = '  ';

type EvidenceFile = ExceptionRecord['evidence_files'][number];
type LinkReading = ExceptionRecord['link_readings'][number];

interface ShownEvidence {
  readonly links: readonly string[];
  readonly files: readonly EvidenceFile[];
  readonly readings: readonly LinkReading[];
}

/**
 * The links, each with what lay behind it when the record was archived, and the files as a table;
 * digests stay whole to be copied.
 */
export function renderEvidence({ links, files, readings }: ShownEvidence, width: number): string {
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
  const readingOf = new Map(readings.map((reading) => [reading.link, reading]));
  // Those of closure criteria are read too, and stand in no list of their own.
  const lines = [...new Set([...links, ...readingOf.keys()])].flatMap((link) => {
    const reading = readingOf.get(link);
    const read = reading ? wrapTo(readingText(reading), width - INDENT.length) : [];
    return [safeLine(link), ...read.map((line) => INDENT + line)];
  });
  return [lines.join('\n'), files.length > 0 ? table : '']
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A file in one line of a record. */
export function evidenceFileText({ name, size, digest }: EvidenceFile): string {
  return `${safeLine(name)}, ${megabytesText(size)}, ${digest}`;
}

/** A link with what lay behind it, in one line of a record. */
export function linkReadingText(reading: LinkReading): string {
  return `${safeLine(reading.link)}: ${readingText(reading)}`;
}

function readingText({ at, digest, reason }: LinkReading): string {
  return digest === null
    ? `not reached, ${timeText(at)}: ${safeLine(reason ?? '')}`
    : `${timeText(at)}: ${digest}`;
}
