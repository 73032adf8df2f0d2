import type { ExceptionFieldsInput, LapseClient } from '@lapse/client';
import { missingForRequest } from '../../../domain/exception/completeness.ts';
import { FIELD_FLAGS } from '../commands/field-flags.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { isInteractive } from '../terminal/output.ts';
import { type AnswerOptions, answerRecord } from './answer-record.ts';
import type { Fields } from './field-file.ts';
import { changedFields, type FieldInput } from './field-input.ts';

interface NewOptions extends AnswerOptions, FieldInput {
  readonly submit?: boolean;
  /** `--no-input`: never ask. */
  readonly input: boolean;
}

/** `lapse new`: from options and a file; on a terminal it asks for what is missing. */
export async function newRecord(options: NewOptions): Promise<void> {
  const client = connect();
  const given = await changedFields({}, options);
  if (options.input && isInteractive() && !options.json && lacksSomething(given)) {
    const { askForFields } = await import('./ask-for-fields.ts');
    const asked = await askForFields(given);
    return createRecord(client, asked.fields, {
      ...options,
      submit: options.submit || asked.submit,
    });
  }
  const missing = missingOf(given, options.submit === true);
  if (missing.length > 0) {
    throw new CommandFailure('the record is not complete; nothing was stored', {
      exitCode: EXIT.usage,
      details: missing,
      next: options.submit
        ? 'give what is missing, or leave out --submit to store a draft'
        : 'lapse new --title "…"; on a terminal `lapse new` asks for everything',
    });
  }
  return createRecord(client, given, options);
}

async function createRecord(
  client: LapseClient,
  fields: Fields,
  options: AnswerOptions & { readonly submit?: boolean },
): Promise<void> {
  const query = options.submit ? ({ submit: 'true' } as const) : {};
  // The server checks every field and names each that is wrong.
  const body = fields as ExceptionFieldsInput;
  await answerRecord(client.POST('/v1/exceptions', { params: { query }, body }), options);
}

/** Whether a person would be asked: a draft that could not become a request yet. */
function lacksSomething(fields: Fields): boolean {
  return missingOf(fields, true).length > 0;
}

/** What is missing of a draft, or of a request, with the flag that gives it. */
function missingOf(fields: Fields, forRequest: boolean): { at: string; message: string }[] {
  const title = fields.title
    ? []
    : [{ path: 'title', message: 'is required: a short statement of the problem' }];
  // A plain text stands for a list or a plan here; what it holds the server reads.
  const others = forRequest ? missingForRequest(fields as never) : [];
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
