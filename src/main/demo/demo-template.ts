import { BUILT_IN_TEMPLATES } from '../../domain/policy/built-in-templates.ts';
import type { DemoRecord } from './demo-record.ts';

/** What a record of the demonstration takes over from a template that comes with Lapse. */
export function fromTemplate(
  name: string,
): Pick<DemoRecord, 'template' | 'limits' | 'plan' | 'done'> {
  const fields = BUILT_IN_TEMPLATES.find((each) => each.name === name)?.fields;
  const { compensating_controls: limits = [], remediation_plan: plan } = fields ?? {};
  return {
    template: name,
    limits,
    plan: plan?.summary ?? '',
    done: plan?.closure_criteria ?? [],
  };
}
