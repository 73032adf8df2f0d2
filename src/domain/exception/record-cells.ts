import { canonicalJson } from '../ledger/canonical.ts';
import { personOf } from './field-shapes.ts';
import { type PersonParts, parsePersonLine, personLine } from './person-line.ts';
import type { CellKind, RecordColumn } from './record-columns.ts';

/**
 * A value as the text of one cell: readable where reading that back gives the same value, JSON
 * where it would not. Nothing is an empty cell.
 */
export function writeCell(value: unknown, { kind }: RecordColumn): string {
  if (value === undefined || value === null) return '';
  const text = readable(value, kind);
  // An empty cell is no value at all: a list that is empty, and not missing, is JSON.
  if (text === undefined || text === '') return JSON.stringify(value);
  if (kind === 'text' || kind === 'number') return text;
  const read = readCell(text, kind);
  const isSame = 'value' in read && canonicalJson(read.value) === canonicalJson(value);
  return isSame ? text : JSON.stringify(value);
}

/** What a cell says, or what is wrong with it. */
export type CellReading = { readonly value: unknown } | { readonly problem: string };

/** Reads a cell that is not empty. What its value means is checked with its record. */
export function readCell(text: string, kind: CellKind): CellReading {
  if (kind === 'text') return { value: text };
  if (kind === 'number') return { value: /^\s*-?\d{1,15}\s*$/.test(text) ? Number(text) : text };
  const first = text.trimStart().charAt(0);
  if (first === '[' || first === '{') {
    const json = parsed(text);
    // A line of text may begin with a bracket; a structure has no other form than JSON.
    if (json !== undefined && isOfKind(json, kind)) return { value: json };
  }
  if (kind === 'structure') {
    return {
      problem: 'is not JSON; write a mapping such as {"dashboards": ["API Health"]} or a list',
    };
  }
  if (kind === 'plan') return { value: { summary: text } };
  if (kind === 'person') return { value: readPerson(text) };
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return { value: kind === 'people' ? lines.map(readPerson) : lines };
}

function readPerson(text: string): PersonParts {
  return parsePersonLine(text) ?? personOf(text.trim());
}

function readable(value: unknown, kind: CellKind): string | undefined {
  switch (kind) {
    case 'text':
    case 'number':
      return String(value);
    case 'texts':
      return (value as readonly string[]).join('\n');
    case 'person':
      return personLine(value as PersonParts);
    case 'people':
      return (value as readonly PersonParts[]).map(personLine).join('\n');
    case 'plan':
      return (value as { readonly summary?: string }).summary;
    case 'structure':
      return undefined;
  }
}

/** JSON that can be kept: nested no deeper than a payload may be, and without half characters. */
function parsed(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text, (key, value) =>
      key === '__proto__' ? undefined : value,
    );
    canonicalJson(json);
    return json;
  } catch {
    return undefined;
  }
}

function isOfKind(json: unknown, kind: CellKind): boolean {
  if (kind === 'texts' || kind === 'people') return Array.isArray(json);
  return typeof json === 'object' && (kind === 'structure' || !Array.isArray(json));
}
