import { withoutDeferred } from '../../../domain/exception/break-glass.ts';
import { missingForRequest } from '../../../domain/exception/completeness.ts';
import type { RequestTemplate } from '../../../domain/policy/policy.ts';
import { FIELD_FLAGS } from '../commands/field-flags.ts';
import type { Fields } from './field-file.ts';
import { openAsks } from './template-questions.ts';

/** What is missing, with the flag that gives it. */
export interface Missing {
  readonly at: string;
  readonly message: string;
}

/** What a draft lacks. */
export function missingTitle({ title }: Fields): Missing[] {
  const message = 'is required: a short statement of the problem';
  return title ? [] : [{ at: flagFor('title'), message }];
}

/** What a request is made of: a template's words where it asks, and less where it is an emergency. */
export interface RequestForm {
  readonly template?: RequestTemplate | undefined;
  readonly isBreakGlass: boolean;
}

/** What a request would still lack. */
export function missingOfRequest(
  fields: Fields,
  { template, isBreakGlass }: RequestForm,
): Missing[] {
  const asks = template ? openAsks(template, fields) : new Map<string, string>();
  // A plain text stands for a list or a plan here; what it holds the server reads.
  const all = missingForRequest(fields as never);
  const missing = (isBreakGlass ? withoutDeferred(all) : all).map(({ path, message }) => {
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
