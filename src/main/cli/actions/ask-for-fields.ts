import { cancel, confirm, intro, isCancel, note, select, text } from '@clack/prompts';
import { RECORD_FIELDS } from '@lapse/client';
import type { ExceptionFields } from '../../../domain/exception/fields.ts';
import { parseFields } from '../../../domain/exception/parse-fields.ts';
import { evaluatePolicy } from '../../../domain/policy/evaluate.ts';
import type { Policy, RequestTemplate } from '../../../domain/policy/policy.ts';
import { parseDuration } from '../../../domain/schedule/duration.ts';
import { formatInstant, parseDate, parseInstant } from '../../../domain/schedule/instant.ts';
import { safeLine, safeText, terminalWidth } from '../terminal/output.ts';
import { dateAsInstant } from '../terminal/read-time.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { withPart } from './dotted-path.ts';
import { type Fields, withInstants } from './field-file.ts';
import { readPerson } from './field-input.ts';
import { isAnswered, QUESTIONS, type Question } from './questions.ts';
import { questionsOf } from './template-questions.ts';

/** What was answered, and whether the draft becomes a request at once. */
export interface AskedFields {
  readonly fields: Fields;
  readonly submit: boolean;
}

/**
 * Asks a person for what is missing, in the order in which one thinks; of a request from a template
 * for what that leaves open. `server` has the policy in force and its time. Ctrl-C stores nothing.
 */
export async function askForFields(
  given: Fields,
  server: { readonly policy: Policy; readonly now: number },
  template?: RequestTemplate,
): Promise<AskedFields> {
  intro(template ? `A new exception from the template ${template.name}` : 'A new exception');
  if (template) await showTemplate(template);
  note('Enter leaves a field out for now; only the title is needed for a draft.', 'Ctrl-C cancels');
  const questions = template ? questionsOf(template) : QUESTIONS;
  const answered = await answersTo(questions, given, server.now);
  const fields = await askForEnd(answered, server.policy);
  const submit = unlessCancelled(
    await confirm({ message: 'Ask for approval at once?', initialValue: false }),
  );
  return { fields: withInstants(fields), submit };
}

/** Asks the questions that are not answered yet, under a title; Ctrl-C stores nothing. */
export async function askForRest(
  title: string,
  given: Fields,
  questions: readonly Question[],
): Promise<Fields> {
  intro(title);
  return answersTo(questions, given);
}

/** What needs no answer any more. */
async function showTemplate({ summary, fields }: RequestTemplate): Promise<void> {
  const { stringify } = await import('yaml');
  note(
    safeText(stringify(fields, { lineWidth: terminalWidth() - 8 }).trimEnd()),
    safeLine(summary),
  );
}

async function answersTo(
  questions: readonly Question[],
  given: Fields,
  now = Number.NaN,
): Promise<Fields> {
  let fields = given;
  for (const question of questions) {
    if (isAnswered(fields, question.path)) continue;
    const answer = await ask(question, now);
    if (answer === undefined) continue;
    fields = withPart(fields, question.path.split('.'), answer) as Fields;
  }
  return fields;
}

async function ask(question: Question, now: number): Promise<unknown> {
  const values = valuesOf(question.path);
  if (values.length > 0) {
    const answer = unlessCancelled(
      await select({
        message: question.message,
        options: [
          ...(question.isRequired ? [] : [{ value: '', label: '(leave out)' }]),
          ...values.map((value) => ({ value, label: value })),
        ],
        initialValue: question.isRequired ? (values[0] ?? '') : '',
      }),
    );
    return answer === '' ? undefined : answer;
  }
  const answer = unlessCancelled(
    await text({
      message: question.message,
      ...(question.example ? { placeholder: question.example } : {}),
      validate: (typed) => problemOf(question, (typed ?? '').trim()),
    }),
  );
  const typed = (answer ?? '').trim();
  // A start in the past means from approval.
  if (typed === '' && question.path === 'effective_from' && Number.isFinite(now))
    return formatInstant(now);
  return typed === '' ? undefined : readAnswer(question, typed);
}

/** What is wrong with an answer by itself; the server looks at all of them together. */
function problemOf(question: Question, typed: string): string | undefined {
  if (typed === '') return question.isRequired ? 'This one is needed.' : undefined;
  const { path } = question;
  const answer = readAnswer(question, typed);
  const fields = withPart({ title: 'untitled' }, path.split('.'), answer) as Fields;
  const read = parseFields(withInstants(fields));
  if ('value' in read) return undefined;
  const own = read.errors.find((each) => each.path === path || each.path.startsWith(`${path}.`));
  // The prompt does not wrap it itself.
  return own && wrapTo(`${own.path} ${own.message}`, terminalWidth() - 3).join('\n   ');
}

function readAnswer(question: Question, typed: string): unknown {
  if (question.form === 'person') return readPerson(typed);
  if (question.form === 'people') return entriesOf(typed).map(readPerson);
  return question.form === 'list' ? entriesOf(typed) : typed;
}

function entriesOf(typed: string): string[] {
  const entries = typed.split(';').map((each) => each.trim());
  return entries.filter((each) => each !== '');
}

/** The end, with the longest that the policy allows for what was answered so far. */
async function askForEnd(fields: Fields, policy: Policy): Promise<Fields> {
  if (isAnswered(fields, 'expires_at') || isAnswered(fields, 'requested_duration')) return fields;
  const { maximum } = evaluatePolicy(policy, fields as ExceptionFields);
  const answer = unlessCancelled(
    await text({
      message: `How long? At most ${maximum.duration} from approval (${maximum.source})`,
      placeholder: `${maximum.duration}, or a day such as 2026-03-07`,
      validate: (typed) =>
        !typed?.trim() || readsAsEnd(typed.trim())
          ? undefined
          : 'Write a duration such as P30D, or a day such as 2026-03-07.',
    }),
  );
  const typed = (answer ?? '').trim();
  if (typed === '') return fields;
  return parseDuration(typed)
    ? { ...fields, requested_duration: typed }
    : { ...fields, expires_at: dateAsInstant(typed) };
}

function readsAsEnd(typed: string): boolean {
  return Boolean(parseDuration(typed) ?? parseDate(typed) ?? parseInstant(typed));
}

function unlessCancelled<T>(answer: T): Exclude<T, symbol> {
  if (!isCancel(answer)) return answer as Exclude<T, symbol>;
  cancel('Cancelled; nothing was stored.');
  process.exit(130);
}

function valuesOf(path: string): readonly string[] {
  const field = RECORD_FIELDS.find(({ name }) => name === path);
  return field && 'values' in field ? field.values : [];
}
