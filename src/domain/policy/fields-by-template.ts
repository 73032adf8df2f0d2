import { DomainError } from '../errors.ts';
import type { ExceptionFields } from '../exception/fields.ts';
import { fieldsOrRefuse, parseFields } from '../exception/parse-fields.ts';
import type { Instant } from '../schedule/instant.ts';
import { overProposed, proposedFields } from './fill-template.ts';
import type { Policy } from './policy.ts';
import { templatesOf } from './templates-of.ts';

/**
 * The fields of a new record over what one of the pack's templates proposes. Refuses, with
 * `invalid-record`, a template that the pack does not have, and values that contradict the proposed.
 */
export function fieldsByTemplate(
  policy: Policy,
  name: string,
  given: ExceptionFields,
  now: Instant,
): ExceptionFields {
  const templates = templatesOf(policy);
  const template = templates.find((each) => each.name === name);
  if (template)
    return fieldsOrRefuse(parseFields(overProposed(proposedFields(template, now), given)));
  const names = templates.map((each) => each.name).join(', ');
  const message = `is none of the pack's templates: ${names || 'it has none'}`;
  throw new DomainError('invalid-record', `template ${message}`, [{ path: 'template', message }]);
}
