import { dataOf, type ExceptionFieldsInput, type LapseClient } from '@lapse/client';
import { withoutDeferred } from '../../../domain/exception/break-glass.ts';
import { missingForRequest } from '../../../domain/exception/completeness.ts';
import { FIELD_FLAGS } from '../commands/field-flags.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { isInteractive, remark } from '../terminal/output.ts';
import { type AnswerOptions, answerRecord } from './answer-record.ts';
import type { Fields } from './field-file.ts';
import { changedFields, type FieldInput } from './field-input.ts';
import { runPlain } from './lifecycle.ts';

interface NewOptions extends AnswerOptions, FieldInput {
  readonly submit?: boolean;
  /** Submitted as an emergency: why it cannot wait. */
  readonly breakGlass?: string;
  /** `--no-input`: never ask. */
  readonly input: boolean;
}

/** `lapse new`: from options and a file; on a terminal it asks for what is missing. */
export async function newRecord(options: NewOptions): Promise<void> {
  const client = connect();
  const given = await changedFields({}, options);
  if (options.input && isInteractive() && !options.json && lacksSomething(given, options)) {
    const { askForFields } = await import('./ask-for-fields.ts');
    const asked = await askForFields(given);
    return createRecord(client, asked.fields, {
      ...options,
      // An emergency is submitted as one, whatever was answered.
      submit: options.breakGlass === undefined && (options.submit || asked.submit),
    });
  }
  const missing = missingOf(given, options);
  if (missing.length > 0) {
    throw new CommandFailure('the record is not complete; nothing was stored', {
      exitCode: EXIT.usage,
      details: missing,
      next: isRequest(options)
        ? `give what is missing, or leave out --${options.submit ? 'submit' : 'break-glass'} to store a draft`
        : 'lapse new --title "…"; on a terminal `lapse new` asks for everything',
    });
  }
  return createRecord(client, given, options);
}

async function createRecord(
  client: LapseClient,
  fields: Fields,
  { breakGlass, ...options }: AnswerOptions & Asked,
): Promise<void> {
  const query = options.submit ? ({ submit: 'true' } as const) : {};
  // The server checks every field and names each that is wrong.
  const body = fields as ExceptionFieldsInput;
  const drafted = client.POST('/v1/exceptions', { params: { query }, body });
  if (breakGlass === undefined) return answerRecord(drafted, options);
  const { exception_id: id } = await dataOf(drafted);
  // Where the emergency is refused, the draft is there to go on with.
  remark(`drafted ${id}`);
  await runPlain('submit', id, { ...options, breakGlass });
}

type Asked = Pick<NewOptions, 'submit' | 'breakGlass'>;

function isRequest({ submit, breakGlass }: Asked): boolean {
  return submit === true || breakGlass !== undefined;
}

/** Whether a person would be asked: a draft that could not become a request yet. */
function lacksSomething(fields: Fields, { breakGlass }: Asked): boolean {
  return missingOf(fields, { submit: true, ...(breakGlass ? { breakGlass } : {}) }).length > 0;
}

/** What is missing of a draft, or of a request, with the flag that gives it. */
function missingOf(fields: Fields, asked: Asked): { at: string; message: string }[] {
  const title = fields.title
    ? []
    : [{ path: 'title', message: 'is required: a short statement of the problem' }];
  // A plain text stands for a list or a plan here; what it holds the server reads.
  const all = isRequest(asked) ? missingForRequest(fields as never) : [];
  const others = asked.breakGlass === undefined ? all : withoutDeferred(all);
  return [...title, ...others].map(({ path, message }) => ({
    at: flagFor(path),
    message,
  }));
}

function flagFor(path: string): string {
  const exact = FIELD_FLAGS.find((flag) => flag.path === path);
  const part = exact ?? FIELD_FLAGS.find((flag) => flag.path.startsWith(`${path}.`));
  return part ? `--${part.flag}` : path;
}
