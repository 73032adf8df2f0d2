import type { FieldError } from '../errors.ts';
import { type Demand, evaluatePolicy, type PolicyDecision } from '../policy/evaluate.ts';
import type { ChainPlace, Policy } from '../policy/policy.ts';
import type { ExceptionFields } from './fields.ts';

const ARTIFACTS: Readonly<Record<string, string>> = {
  memo: 'a risk acceptance memo',
  'business-case': 'a business case',
  'migration-plan': 'evidence of the migration plan',
  other: 'a document',
};

/** A field or an artifact that a policy asks for and a record lacks. */
interface UnmetDemand {
  readonly kind: 'field' | 'artifact';
  /** The field, or the kind of artifact. */
  readonly name: string;
  readonly error: FieldError;
}

/** What the policy asks of a request besides what every request needs; each with the rule and its source. */
export function missingByPolicy(
  policy: Policy,
  fields: ExceptionFields,
  place?: ChainPlace,
): FieldError[] {
  return unmetDemands(evaluatePolicy(policy, fields, place), fields).map(({ error }) => error);
}

/** The fields and artifacts that a policy has decided to ask for and a record lacks. */
export function unmetDemands(
  { artifacts, fields: asked }: PolicyDecision,
  fields: ExceptionFields,
): UnmetDemand[] {
  const kinds = new Set<string>(fields.artifacts?.map(({ kind }) => kind));
  return [
    ...asked
      .filter(({ name }) => isMissing(fields[name]))
      .map((demand) => unmet('field', demand, demand.name, 'is required')),
    ...artifacts
      .filter(({ name }) => !kinds.has(name))
      .map((demand) => {
        const asks = `must hold ${ARTIFACTS[demand.name]} {kind: ${demand.name}, link or evidence}`;
        return unmet('artifact', demand, 'artifacts', asks);
      }),
  ];
}

function unmet(kind: UnmetDemand['kind'], demand: Demand, path: string, asks: string): UnmetDemand {
  return { kind, name: demand.name, error: { path, message: `${asks}${reason(demand)}` } };
}

function reason({ rule, source }: Demand): string {
  return ` (rule ${rule}; ${source})`;
}

function isMissing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
