import { RECORD_FIELDS } from '@lapse/client';
import type { RequestTemplate } from '../../../domain/policy/policy.ts';
import type { Fields } from './field-file.ts';
import { isAnswered, QUESTIONS, type Question } from './questions.ts';

/** What is asked of a request from a template: the usual questions, in its words, and its own. */
export function questionsOf({ asks }: RequestTemplate): readonly Question[] {
  const usual = QUESTIONS.flatMap((question): Question[] => {
    const message = asks[question.path as keyof typeof asks];
    if (message !== undefined) return [worded(question, message)];
    // What a template says nothing of here, its requests do not suspend.
    return question.path === 'control' ? [] : [question];
  });
  const known = new Set(QUESTIONS.map(({ path }) => path));
  const own = Object.entries(asks)
    .filter(([path]) => !known.has(path))
    .map(([path, message]) => worded({ path, ...formOf(path) }, message));
  const afterWhatItTouches = usual.findIndex(({ path }) => path === 'services') + 1;
  return usual.toSpliced(afterWhatItTouches, 0, ...own);
}

/** The template's questions that fields leave open, by path. */
export function openAsks({ asks }: RequestTemplate, fields: Fields): Map<string, string> {
  return new Map(Object.entries(asks).filter(([path]) => !isAnswered(fields, path)));
}

function worded(question: Omit<Question, 'message'>, message: string): Question {
  const isList = question.form === 'list' || question.form === 'people';
  return { ...question, message: isList ? `${message} (separate several with ;)` : message };
}

/** Parts of fields that are asked for here are lists. */
function formOf(path: string): Pick<Question, 'form'> {
  const field = RECORD_FIELDS.find(({ name }) => name === path);
  return !field || field.kind === 'texts' ? { form: 'list' } : {};
}
