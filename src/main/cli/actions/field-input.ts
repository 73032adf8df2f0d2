import { parsePersonLine } from '../../../domain/exception/person-line.ts';
import { FIELD_FLAGS, type FieldFlag } from '../commands/field-flags.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { withoutPart, withPart } from './dotted-path.ts';
import { type Fields, fieldsOfFile, withInstants } from './field-file.ts';
import { readSetting } from './setting.ts';

/** What was typed of a record: `--file`, the fields' flags, `--set` and `--unset`, in this order. */
export interface FieldInput {
  readonly file?: string;
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
  /** The fields' flags, by the names that commander gives them. */
  readonly [flag: string]: unknown;
}

/** Whether anything of a record was typed at all. */
export function hasFieldInput(input: FieldInput): boolean {
  const { file, set, unset } = input;
  return Boolean(file || set?.length || unset?.length || givenFlags(input).length > 0);
}

/**
 * The fields that what was typed changes, over those that are there: parts are merged into the
 * current value, and a field that is taken away is `null`.
 */
export async function changedFields(current: Fields, input: FieldInput): Promise<Fields> {
  const changes: Fields = input.file === undefined ? {} : await fieldsOfFile(input.file);
  const now = (name: string) => (Object.hasOwn(changes, name) ? changes[name] : current[name]);
  for (const [flag, value] of givenFlags(input)) {
    const [name = '', ...rest] = flag.path.split('.');
    changes[name] = withPart(now(name), rest, value);
  }
  for (const setting of input.set ?? []) {
    const [path, value] = await readSetting(setting);
    const [name = '', ...rest] = path;
    changes[name] = withPart(now(name), rest, value);
  }
  for (const path of input.unset ?? []) {
    const [name = '', ...rest] = path.split('.');
    changes[name] = rest.length === 0 ? null : withoutPart(now(name), rest);
  }
  return withInstants(changes);
}

function givenFlags(input: FieldInput): [FieldFlag, unknown][] {
  return FIELD_FLAGS.flatMap((flag): [FieldFlag, unknown][] => {
    const given = input[flag.flag.replaceAll(/-([a-z])/g, (_, letter) => letter.toUpperCase())];
    if (given === undefined) return [];
    const read = (text: string) => readValue(text, flag);
    return [[flag, Array.isArray(given) ? given.map(read) : read(String(given))]];
  });
}

/** `A. Rivera <arivera@example.com>, Integrations`; another text is left to the server to read. */
export function readPerson(text: string): unknown {
  return parsePersonLine(text) ?? text;
}

function readValue(text: string, { kind, flag }: FieldFlag): unknown {
  if (kind === 'person') return readPerson(text);
  if (kind !== 'number') return text;
  if (Number.isInteger(Number(text)) && text.trim() !== '') return Number(text);
  throw usageFailure(`--${flag} takes a whole number, not ${text}`);
}
