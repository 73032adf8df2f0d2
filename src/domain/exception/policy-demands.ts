import type { FieldError } from '../errors.ts';
import { type Demand, evaluatePolicy } from '../policy/evaluate.ts';
import type { ChainPlace, Policy } from '../policy/policy.ts';
import type { ExceptionFields } from './fields.ts';

const ARTIFACTS: Readonly<Record<string, string>> = {
  memo: 'a risk acceptance memo',
  'business-case': 'a business case',
  'migration-plan': 'evidence of the migration plan',
  other: 'a document',
};

/** What the policy asks of a request besides what every request needs; each with the rule and its source. */
export function missingByPolicy(
  policy: Policy,
  fields: ExceptionFields,
  place?: ChainPlace,
): FieldError[] {
  const { artifacts, fields: asked } = evaluatePolicy(policy, fields, place);
  const kinds = new Set<string>(fields.artifacts?.map(({ kind }) => kind));
  return [
    ...asked
      .filter(({ name }) => isMissing(fields[name]))
      .map((demand) => ({ path: demand.name, message: `is required${reason(demand)}` })),
    ...artifacts
      .filter(({ name }) => !kinds.has(name))
      .map((demand) => ({
        path: 'artifacts',
        message: `must hold ${ARTIFACTS[demand.name]} {kind: ${demand.name}, link or evidence}${reason(demand)}`,
      })),
  ];
}

function reason({ rule, source }: Demand): string {
  return ` (rule ${rule}; ${source})`;
}

function isMissing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
