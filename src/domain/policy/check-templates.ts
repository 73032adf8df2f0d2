import type { PackFinding } from './check-policy.ts';
import type { Policy, RequestTemplate } from './policy.ts';
import { exceededMaximum } from './templates-of.ts';

/**
 * What is wrong with a pack's templates beyond their shape: a name that is given twice, a duration
 * that the pack's own rules refuse for the fields beside it, and a question whose answer is proposed.
 */
export function checkTemplates(policy: Policy): PackFinding[] {
  const first = new Map<string, number>();
  return (policy.templates ?? []).flatMap((template, index) => {
    const before = first.get(template.name);
    if (before === undefined) first.set(template.name, index);
    return [
      ...(before === undefined ? [] : [duplicate(template, index, before)]),
      ...tooLong(policy, template, index),
      ...answered(template, index),
    ];
  });
}

function duplicate({ name }: RequestTemplate, index: number, before: number): PackFinding {
  const message = `is the name of template ${before + 1} already; give each template a name of its own`;
  return { check: 'pack-duplicate', rule: name, path: ['templates', index, 'name'], message };
}

function tooLong(policy: Policy, template: RequestTemplate, index: number): PackFinding[] {
  const maximum = exceededMaximum(policy, template);
  if (!maximum) return [];
  const { requested_duration: asked } = template.fields;
  const message = `is ${asked}, longer than the maximum of ${maximum.duration} that rule ${maximum.rule} sets for what the template proposes (${maximum.source}); at most ${maximum.duration} would pass`;
  const path = ['templates', index, 'fields', 'requested_duration'];
  return [{ check: 'pack-contradiction', rule: template.name, path, message }];
}

function answered({ name, fields, asks }: RequestTemplate, index: number): PackFinding[] {
  return Object.keys(asks)
    .filter((asked) => partAt(fields, asked) !== undefined)
    .map((asked) => {
      const message = `asks for ${asked}, which the template proposes already; take it out of asks or out of fields`;
      const path = ['templates', index, 'asks', asked];
      return { check: 'pack-contradiction', rule: name, path, message };
    });
}

function partAt(value: unknown, dotted: string): unknown {
  return dotted
    .split('.')
    .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value);
}
