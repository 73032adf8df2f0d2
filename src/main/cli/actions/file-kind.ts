import { closeSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';

/** What a file to import is sent as. */
export type FileKind = 'yaml' | 'jsonl' | 'csv';

export const CONTENT_TYPES: Readonly<Record<FileKind, string>> = {
  yaml: 'application/yaml',
  jsonl: 'application/x-ndjson',
  csv: 'text/csv',
};

const BY_ENDING: Readonly<Record<string, FileKind>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.yaml': 'yaml',
  '.yml': 'yaml',
};

/** Enough to see how a file begins. */
const SNIFFED = 64 * 1024;

/** By its ending, else by how it begins. JSON is read as YAML, save for one object a line. */
export function kindOfFile(path: string): FileKind {
  const known = BY_ENDING[extname(path).toLowerCase()];
  if (known) return known;
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(SNIFFED);
    return kindOfText(buffer.toString('utf8', 0, readSync(file, buffer, 0, SNIFFED, 0)));
  } finally {
    closeSync(file);
  }
}

/** By how the text begins. */
export function kindOfText(text: string): FileKind {
  const [first = '', second = ''] = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  if (isObject(first) && second.trimStart().startsWith('{')) return 'jsonl';
  // A header of names and delimiters: YAML has a colon or a dash there, and JSON a bracket.
  const cell = /"(?:[^"]|"")*"|[^",;\t:{}[\]#]*/.source;
  const isHeader = new RegExp(`^\\s*(?:${cell})(?:[,;\\t](?:${cell}))+\\s*$`).test(first);
  return isHeader && !first.trimStart().startsWith('- ') ? 'csv' : 'yaml';
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
