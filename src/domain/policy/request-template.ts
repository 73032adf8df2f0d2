import { z } from 'zod';
import { duration, listOf, longText, shortText } from '../exception/field-shapes.ts';
import { exceptionFields, NESTED_KEYS } from '../exception/fields.ts';

const step = z.strictObject({
  text: longText,
  owner: shortText.optional(),
  due: duration.optional().describe('counted from the day on which the request is written'),
});

const plan = z.strictObject({
  summary: longText.optional(),
  steps: listOf(step).optional(),
  closure_criteria: listOf(longText).optional(),
});

/** What each request says for itself, with the reason that a pack is given for leaving it out. */
const OWN: Readonly<Record<string, string>> = {
  tenant_org: 'is set by Lapse and cannot be proposed',
  effective_from: 'cannot be proposed: a request from a template starts at its approval',
  expires_at:
    'cannot be proposed, since a template has no dates; requested_duration counts from approval',
  risk_score: 'cannot be proposed: it follows from likelihood and impact',
  expiry_actions:
    'cannot be proposed: each request says what happens at its end, and why that is fine (002, Document Expiry Actions); word the question under asks instead',
};

const templateFields = exceptionFields
  .partial()
  .omit({
    tenant_org: true,
    effective_from: true,
    expires_at: true,
    risk_score: true,
    expiry_actions: true,
  })
  .extend({
    requested_duration: duration.describe('the shortest that fits, counted from approval'),
    remediation_plan: plan.optional(),
  });

/** What can be asked for in one line: fields, and parts of fields. */
const ASKABLE = [
  'title',
  'category',
  'policy_ref',
  'adr_id',
  'requestor',
  'environment',
  'data_classification',
  'threat_model_link',
  'stride',
  'likelihood',
  'impact',
  'compensating_controls',
  'telemetry.dashboards',
  'telemetry.alerts',
  'telemetry.metrics',
  'telemetry.traces',
  'remediation_plan.summary',
  'remediation_plan.closure_criteria',
  'dependencies',
  'versioning_impact',
  'evidence',
  'control',
  'ticket_id',
  'justification',
  'expiry_actions',
  'end_condition',
  'owners',
  'services',
  'apis',
  'models',
  'consumers',
  'change_class',
  'scope.tenants',
  'scope.endpoints',
  'scope.models',
  'scope.resources',
  'scope.regions',
  'scope_justification',
] as const;

/** Proposed field values for one kind of request, and questions for what they leave open. */
export const requestTemplate = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,79}$/, 'must be lower-case letters, digits and hyphens')
    .describe('what it is asked for by, as in lapse new --template NAME'),
  summary: shortText.describe('what it is for, in a sentence'),
  source: longText.optional().describe('where it comes from'),
  fields: templateFields.describe('what a request gets where it says nothing else'),
  asks: z
    .partialRecord(z.enum(ASKABLE), longText)
    .default({})
    .describe('what a person is asked for, each with the question'),
});

/** The keys that each object of a template may have, by its path in a pack. */
export const TEMPLATE_KEYS: Readonly<Record<string, readonly string[]>> = {
  templates: Object.keys(requestTemplate.shape),
  'templates.asks': ASKABLE,
  'templates.fields': Object.keys(templateFields.shape),
  ...Object.fromEntries(
    Object.entries(NESTED_KEYS).map(([path, keys]) => [`templates.fields.${path}`, keys]),
  ),
};

/** Why a field of a record is none of a template, by the path of the object that it stands in. */
export function reservedInTemplate(key: string, path: readonly PropertyKey[]): string | undefined {
  const isFields = path.length === 3 && path[0] === 'templates' && path[2] === 'fields';
  return isFields && Object.hasOwn(OWN, key) ? OWN[key] : undefined;
}
