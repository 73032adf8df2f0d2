import type { ExceptionFieldsInput, LapseClient } from '@lapse/client';
import { missingForRequest } from '../../../domain/exception/completeness.ts';
import { overProposed, proposedFields } from '../../../domain/policy/fill-template.ts';
import type { RequestTemplate } from '../../../domain/policy/policy.ts';
import { FIELD_FLAGS } from '../commands/field-flags.ts';
import { templateNamed } from '../policy/templates-in-force.ts';
import { renderSection } from '../render/section.ts';
import { colours } from '../terminal/colours.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { isInteractive, print, safeLine, terminalWidth } from '../terminal/output.ts';
import { type AnswerOptions, answerRecord } from './answer-record.ts';
import type { Fields } from './field-file.ts';
import { changedFields, type FieldInput } from './field-input.ts';
import { openAsks } from './template-questions.ts';

interface NewOptions extends AnswerOptions, FieldInput {
  readonly submit?: boolean;
  readonly template?: string;
  /** `--no-input`: never ask. */
  readonly input: boolean;
}

/** `lapse new`: from options, a file and a template; on a terminal it asks for what is missing. */
export async function newRecord(options: NewOptions): Promise<void> {
  const client = connect();
  const { given, template } = await begin(client, options);
  const open = missingForTemplate(given, template);
  if (options.input && isInteractive() && !options.json && open.length > 0) {
    const { askForFields } = await import('./ask-for-fields.ts');
    const { fields, submit } = await askForFields(given, template);
    return createRecord(client, fields, { ...options, submit: options.submit || submit }, template);
  }
  const missing = options.submit ? open : missingTitle(given);
  if (missing.length > 0) {
    throw new CommandFailure('the record is not complete; nothing was stored', {
      exitCode: EXIT.usage,
      details: missing,
      next: options.submit
        ? 'give what is missing, or leave out --submit to store a draft'
        : 'lapse new --title "…"; on a terminal `lapse new` asks for everything',
    });
  }
  return createRecord(client, given, options, template);
}

/** What was typed, over what a template proposes where one is named. */
async function begin(
  client: LapseClient,
  options: NewOptions,
): Promise<{ readonly given: Fields; readonly template?: RequestTemplate }> {
  if (options.template === undefined) return { given: await changedFields({}, options) };
  const { template, now } = await templateNamed(client, options.template);
  const proposed = proposedFields(template, now);
  return { given: overProposed(proposed, await changedFields(proposed, options)), template };
}

async function createRecord(
  client: LapseClient,
  fields: Fields,
  options: AnswerOptions & { readonly submit?: boolean },
  template: RequestTemplate | undefined,
): Promise<void> {
  const query = options.submit ? ({ submit: 'true' } as const) : {};
  // The server checks every field and names each that is wrong.
  const body = fields as ExceptionFieldsInput;
  await answerRecord(client.POST('/v1/exceptions', { params: { query }, body }), options);
  if (!template || options.json || options.submit) return;
  const lines = missingForTemplate(fields, template).map(({ at, message }) => ({
    mark: colours.yellow('○'),
    text: `${at}: ${safeLine(message).replace('is required for a request: ', '')}`,
  }));
  if (lines.length > 0) print(renderSection('Still missing for a request', lines, terminalWidth()));
}

/** What is missing, with the flag that gives it. */
interface Missing {
  readonly at: string;
  readonly message: string;
}

function missingTitle({ title }: Fields): Missing[] {
  const message = 'is required: a short statement of the problem';
  return title ? [] : [{ at: flagFor('title'), message }];
}

/** What a request would still lack, in the words of the template where it asks for it. */
function missingForTemplate(fields: Fields, template?: RequestTemplate): Missing[] {
  const asks = template ? openAsks(template, fields) : new Map<string, string>();
  // A plain text stands for a list or a plan here; what it holds the server reads.
  const missing = missingForRequest(fields as never).map(({ path, message }) => {
    const asked = asks.get(path);
    asks.delete(path);
    return { at: flagFor(path), message: asked ?? message };
  });
  const asked = [...asks].map(([path, message]) => ({ at: flagFor(path), message }));
  return [...missingTitle(fields), ...missing, ...asked];
}

function flagFor(path: string): string {
  const exact = FIELD_FLAGS.find((flag) => flag.path === path);
  const part = exact ?? FIELD_FLAGS.find((flag) => flag.path.startsWith(`${path}.`));
  return part ? `--${part.flag}` : `--set ${path}=…`;
}
