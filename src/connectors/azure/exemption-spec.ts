import { type GrantSpec, policyReferences } from '../../domain/enforcement/grant-spec.ts';
import { isAtOrBelow, SCOPES, scopeKind, withoutSlash } from './scopes.ts';

/** What a grant asks to be exempted from, and where. */
export interface AskedExemption {
  readonly scope: string;
  readonly assignment: string;
  /** The policies of the assigned initiative; none: all of it. */
  readonly references: readonly string[];
  /** What Lapse calls it in the cloud. */
  readonly name: string;
}

const ASSIGNMENT = /^(.*)\/providers\/Microsoft\.Authorization\/policyAssignments\/[^/?#%\\]+$/i;
const CATEGORIES = ['Waiver', 'Mitigated'];
const LONGEST = { display_name: 128, description: 512 } as const;
const PARAMETERS = ['category', 'policy_definition_reference_ids', ...Object.keys(LONGEST)];

/**
 * Reads a grant as an exemption: `target` is the scope, `permission` the id of the policy assignment,
 * `parameters.category` Waiver or Mitigated, `parameters.policy_definition_reference_ids` the policies,
 * joined by `&`. Answers what is wrong with it, and what would pass, where it is none.
 */
export function readExemption(
  spec: GrantSpec,
  {
    kind,
    name,
  }: { readonly kind: 'policy-exemption' | 'defender-exemption'; readonly name: string },
): AskedExemption | string {
  const what = kind === 'policy-exemption' ? 'a policy exemption' : 'a Defender exemption';
  const scope = withoutSlash(spec.target);
  if (scopeKind(scope) === undefined) return `the target of ${what} is ${SCOPES}`;
  if (spec.subject !== undefined)
    return `${what} has no subject: it is for everything in its target; leave it out`;
  const assignment = withoutSlash(spec.permission ?? '');
  const above = ASSIGNMENT.exec(assignment)?.[1];
  if (above === undefined || scopeKind(above) === undefined)
    return `${what} needs a permission: the id of the policy assignment, <scope>/providers/Microsoft.Authorization/policyAssignments/<name>`;
  // Which subscriptions lie below a management group is known to Azure alone.
  if (scopeKind(above) !== 'management-group' && !isAtOrBelow(scope, above))
    return `the target of ${what} is the scope of its assignment, ${above}, or lies below it`;
  // A name that is mistaken would exempt from more than was approved.
  const unknown = Object.keys(spec.parameters ?? {}).find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined)
    return `${what} has no parameter ${unknown}; it has ${PARAMETERS.join(', ')}`;
  const written = spec.parameters?.policy_definition_reference_ids;
  const references = policyReferences(spec);
  if (references.length === 0 && (written !== undefined || kind === 'defender-exemption'))
    return `${what} names policies in parameters.policy_definition_reference_ids, joined by &`;
  return { scope, assignment, references, name };
}

/** What stands in the way of putting it in place, though it says what to take away. */
export function whatIsUnfit({ parameters = {} }: GrantSpec): string | undefined {
  if (!CATEGORIES.includes(parameters.category ?? ''))
    return `an exemption needs parameters.category: ${CATEGORIES.join(' or ')}`;
  for (const [name, longest] of Object.entries(LONGEST)) {
    const length = parameters[name]?.length ?? 0;
    if (length > longest)
      return `parameters.${name} has ${length} characters; Azure takes at most ${longest}`;
  }
  return undefined;
}
