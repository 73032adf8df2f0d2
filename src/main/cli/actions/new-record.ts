import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataOf, type ExceptionFieldsInput, type LapseClient } from '@lapse/client';
import { overProposed, proposedFields } from '../../../domain/policy/fill-template.ts';
import type { RequestTemplate } from '../../../domain/policy/policy.ts';
import { policyInForce } from '../policy/pack-in-force.ts';
import { templateNamed } from '../policy/templates-in-force.ts';
import { renderSection } from '../render/section.ts';
import { colours } from '../terminal/colours.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { isInteractive, print, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { asFailure } from '../terminal/report-failure.ts';
import { sayNext } from '../terminal/say.ts';
import { type AnswerOptions, answerRecord } from './answer-record.ts';
import type { Fields } from './field-file.ts';
import { changedFields, type FieldInput } from './field-input.ts';
import { runPlain } from './lifecycle.ts';
import { missingOfRequest, missingTitle } from './missing-fields.ts';

interface Asked {
  readonly submit?: boolean;
  /** Submitted as an emergency: why it cannot wait. */
  readonly breakGlass?: string;
}

interface NewOptions extends AnswerOptions, FieldInput, Asked {
  readonly template?: string;
  /** `--no-input`: never ask. */
  readonly input: boolean;
}

/** `lapse new`: from options, a file and a template; on a terminal it asks for what is missing. */
export async function newRecord(options: NewOptions): Promise<void> {
  const client = connect();
  const { given, template } = await begin(client, options);
  const isBreakGlass = options.breakGlass !== undefined;
  const open = missingOfRequest(given, { template, isBreakGlass });
  if (options.input && isInteractive() && !options.json && open.length > 0) {
    // Before anything is asked: a server that cannot be reached would take all answers with it.
    const server = await policyInForce(client);
    const { askForFields } = await import('./ask-for-fields.ts');
    const { fields, submit } = await askForFields(given, server, template);
    // An emergency is submitted as one, whatever was answered.
    const asked = { submit: !isBreakGlass && (options.submit || submit) };
    const isTyped = true;
    return createRecord(client, fields, { ...options, ...asked, isTyped }, template);
  }
  const missing = options.submit || isBreakGlass ? open : missingTitle(given);
  if (missing.length > 0) {
    throw new CommandFailure('the record is not complete; nothing was stored', {
      exitCode: EXIT.usage,
      details: missing,
      next:
        options.submit || isBreakGlass
          ? `give what is missing, or leave out --${options.submit ? 'submit' : 'break-glass'} to store a draft`
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
  { breakGlass, isTyped = false, ...options }: AnswerOptions & Asked & { isTyped?: boolean },
  template: RequestTemplate | undefined,
): Promise<void> {
  const query = options.submit ? ({ submit: 'true' } as const) : {};
  // The server checks every field and names each that is wrong.
  const body = fields as ExceptionFieldsInput;
  const sent = client.POST('/v1/exceptions', { params: { query }, body });
  const drafted = isTyped ? sent.catch((error) => keepAnswers(fields, error)) : sent;
  if (breakGlass !== undefined) {
    const { exception_id: id } = await dataOf(drafted);
    // Where the emergency is refused, the draft is there to go on with.
    remark(`drafted ${id}`);
    return runPlain('submit', id, { ...options, breakGlass });
  }
  await answerRecord(drafted, options);
  if (!template || options.json || options.submit) return;
  const missing = missingOfRequest(fields, { template, isBreakGlass: false });
  const lines = missing.map(({ at, message }) => ({
    mark: colours.yellow('○'),
    text: `${at}: ${safeLine(message).replace('is required for a request: ', '')}`,
  }));
  if (lines.length > 0) print(renderSection('Still missing for a request', lines, terminalWidth()));
}

/** Nobody answers so many questions twice: what was refused stays in a file. */
async function keepAnswers(fields: Fields, error: unknown): Promise<never> {
  const { stringify } = await import('yaml');
  const file = join(mkdtempSync(join(tmpdir(), 'lapse-new-')), 'answers.yaml');
  writeFileSync(file, stringify(fields), { mode: 0o600 });
  const next = `mend what you answered, which is kept, and send it: lapse new --file ${file}`;
  const failure = asFailure(error);
  if (failure) {
    const { exitCode, details } = failure;
    throw new CommandFailure(`${failure.message}; nothing was stored`, { exitCode, details, next });
  }
  sayNext(next);
  throw error;
}
