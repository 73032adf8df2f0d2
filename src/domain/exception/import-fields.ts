import { nearestKey } from '../nearest-key.ts';
import { type ExceptionFields, exceptionFields, SYSTEM_FIELDS } from './fields.ts';
import { isMapping, type Path, type RawRecord, type Remarks } from './import-remarks.ts';
import { parseFields } from './parse-fields.ts';

const FILE_KEYS = [...Object.keys(exceptionFields.shape), ...SYSTEM_FIELDS];
/** One reading tells what the schema refuses, the next what the rest says against itself. */
const READINGS = 4;

/**
 * Reads the fields of a record through the one schema, and goes on without those that are wrong, so
 * that a file is told all of its problems at once. What comes back is good for further checks; it
 * is a record only where nothing was refused. `undefined` where nothing can be read at all.
 */
export function readFields(input: RawRecord, remarks: Remarks): ExceptionFields | undefined {
  let rest: Record<string, unknown> = { ...input };
  for (let reading = 0; reading < READINGS; reading += 1) {
    const parsed = parseFields(rest);
    if ('value' in parsed) return parsed.value;
    const wrong = new Set<unknown>();
    for (const error of parsed.errors) {
      const path = findPath(input, error.path);
      const message = messageInFile(error.message, path, input);
      remarks.refuse(path, message, isUnknownKey(message) ? 'unknown-key' : 'field');
      wrong.add(path[0]);
    }
    // The record as a whole is too large: there is no field to go on without.
    if (wrong.has(undefined)) return undefined;
    rest = Object.fromEntries(Object.entries(rest).filter(([key]) => !wrong.has(key)));
    // A stand-in, since a title is the one field that a draft cannot be read without.
    rest.title ??= '-';
  }
  return undefined;
}

/** The path that a dotted one means in this record, whose keys may hold dots themselves. */
export function findPath(record: RawRecord, dotted: string): Path {
  const path: (string | number)[] = [];
  let value: unknown = record;
  let rest = dotted;
  while (rest !== '') {
    const key = nextKey(value, rest);
    path.push(Array.isArray(value) ? Number(key) : key);
    value = (value as Record<string, unknown> | undefined | null)?.[key];
    rest = rest.slice(key.length + 1);
  }
  return path;
}

function nextKey(value: unknown, rest: string): string {
  if (isMapping(value)) {
    for (let end = rest.length; end > 0; end = rest.lastIndexOf('.', end - 1)) {
      const key = rest.slice(0, end);
      if (Object.hasOwn(value, key)) return key;
    }
  }
  return rest.split('.', 1)[0] ?? rest;
}

function messageInFile(message: string, path: Path, record: RawRecord): string {
  const key = path[0];
  if (isUnknownKey(message) && path.length === 1 && typeof key === 'string') {
    const near = nearestKey(key, FILE_KEYS);
    return near
      ? `unknown key; did you mean ${near}?`
      : 'unknown key; leave it out, or put its text into justification';
  }
  const value = path.reduce<unknown>(
    (inner, step) => (inner as Record<string | number, unknown> | undefined | null)?.[step],
    record,
  );
  if (message.startsWith('must be of type string') && isUnquoted(value)) {
    return `${message}; put it into quotes: "${value}"`;
  }
  return message;
}

function isUnknownKey(message: string): boolean {
  return message.startsWith('unknown key');
}

function isUnquoted(value: unknown): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}
