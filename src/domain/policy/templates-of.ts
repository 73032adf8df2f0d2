import type { ExceptionFields } from '../exception/fields.ts';
import { BUILT_IN_TEMPLATES } from './built-in-templates.ts';
import { addText, type Limit, limitEnd, strictest } from './evaluate.ts';
import { factsOf, matches } from './match.ts';
import type { Policy, RequestTemplate } from './policy.ts';

type Rules = Pick<Policy, 'rules'>;

/**
 * The templates of a pack: its own, or those that come with Lapse where it says nothing of any. The
 * latter know nothing of the pack's rules, and last no longer than these allow.
 */
export function templatesOf(policy: Policy): readonly RequestTemplate[] {
  return policy.templates ?? BUILT_IN_TEMPLATES.map((template) => withinLimit(policy, template));
}

/** The maximum that a template's duration exceeds, by what it proposes alone; none where it is within. */
export function exceededMaximum({ rules }: Rules, { fields }: RequestTemplate): Limit | undefined {
  const facts = factsOf(fields as ExceptionFields);
  const matching = rules.filter(({ match }) => matches(match, facts));
  const maximum = strictest(matching, 'maximum');
  if (!maximum || addText(0, fields.requested_duration) <= limitEnd(0, maximum)) return undefined;
  return maximum;
}

function withinLimit(policy: Rules, template: RequestTemplate): RequestTemplate {
  const exceeded = exceededMaximum(policy, template);
  if (!exceeded) return template;
  return { ...template, fields: { ...template.fields, requested_duration: exceeded.duration } };
}
