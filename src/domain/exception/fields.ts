import { z } from 'zod';
import {
  duration,
  fileDigest,
  instant,
  listOf,
  longText,
  nameList,
  person,
  personObject,
  shortText,
  textOrList,
  titleText,
  uriReference,
  uriReferenceList,
} from './field-shapes.ts';

/** The enumerations of 000 section 3.1, and those that INTERFACE adds. */
export const CATEGORIES = ['authz', 'network', 'data', 'ai', 'release', 'vendor', 'other'] as const;
export const ENVIRONMENTS = ['dev', 'staging', 'prod'] as const;
export const CLASSIFICATIONS = ['public', 'internal', 'restricted', 'confidential'] as const;
export const LIKELIHOODS = ['Low', 'Medium', 'High'] as const;
export const IMPACTS = ['Low', 'Medium', 'High', 'Critical'] as const;
export const CONTROLS = [
  'azure-policy-prod',
  'azure-policy-nonprod',
  'rbac-tier-0',
  'rbac-tier-1',
  'conditional-access',
  'defender',
  'private-endpoint',
  'firewall',
] as const;
const STRIDE = ['S', 'T', 'R', 'I', 'D', 'E'] as const;
export const CHANGE_CLASSES = ['minor', 'major', 'security', 'breaking'] as const;
export const KINDS = ['time-boxed', 'permanent'] as const;
/** Lists that policies ask of whether they name anything. */
export const NAMED_LISTS = ['apis', 'models', 'consumers'] as const;
export const ARTIFACT_KINDS = ['memo', 'business-case', 'migration-plan', 'other'] as const;

const telemetry = z.strictObject({
  dashboards: nameList.optional(),
  alerts: nameList.optional(),
  metrics: nameList.optional(),
  traces: nameList.optional(),
});

const closureCriterion = z.strictObject({ id: shortText, text: longText });

const closureCriteria = listOf(z.union([closureCriterion, longText]))
  .transform((list) =>
    list.map((entry, index) =>
      typeof entry === 'string' ? { id: `c${index + 1}`, text: entry } : entry,
    ),
  )
  .pipe(
    listOf(closureCriterion).refine(
      (list) => new Set(list.map((entry) => entry.id)).size === list.length,
      'must have different ids',
    ),
  );

const planStep = z.strictObject({
  text: longText,
  owner: shortText.optional(),
  due: instant.optional(),
});

const planParts = { summary: longText.optional(), steps: listOf(planStep).optional() };
const remediationPlan = z.strictObject({
  ...planParts,
  closure_criteria: closureCriteria.optional(),
});

const plan = z
  .union([remediationPlan, longText])
  .transform((value) => (typeof value === 'string' ? { summary: value } : value))
  .pipe(z.strictObject({ ...planParts, closure_criteria: listOf(closureCriterion).optional() }));

/** One piece of access or exemption that the exception allows, in the terms of its control. */
const grant = z.strictObject({
  kind: shortText.describe('what is granted, for example role-assignment or firewall-rule'),
  target: longText.describe('the resource, scope or policy that it applies to'),
  subject: shortText.optional().describe('who receives it: a user, group, address range'),
  permission: shortText.optional().describe('the role, rule or exemption that is given'),
  parameters: z.record(shortText, longText).optional(),
});

const scope = z.strictObject({
  tenants: nameList.optional(),
  endpoints: nameList.optional(),
  models: nameList.optional(),
  resources: nameList.optional(),
  regions: nameList.optional().describe('more than one: data crosses them'),
});

const artifact = z
  .strictObject({
    kind: z.enum(ARTIFACT_KINDS),
    link: uriReference.optional(),
    evidence: fileDigest.optional().describe("the digest of one of the record's files"),
  })
  .refine(
    ({ link, evidence }) => (link === undefined) !== (evidence === undefined),
    'must have either a link or evidence, the digest of a file of the record',
  );

/**
 * The fields that people write, one schema for wire, YAML, command line and OpenAPI. Only the title
 * is required of a draft (DESIGN section 1); `completeness.ts` says what a request needs.
 */
export const exceptionFields = z.strictObject({
  title: titleText.describe('short statement of the problem'),
  category: z.enum(CATEGORIES).optional(),
  policy_ref: uriReferenceList.optional().describe('the rules or sections that are not followed'),
  adr_id: shortText.optional().describe('the decision record'),
  requestor: person.optional(),
  tenant_org: shortText.optional().describe("the tenant; only the caller's own is accepted"),
  environment: z.enum(ENVIRONMENTS).optional(),
  data_classification: z.enum(CLASSIFICATIONS).optional(),
  threat_model_link: uriReference.optional(),
  stride: z.enum(STRIDE).optional(),
  likelihood: z.enum(LIKELIHOODS).optional(),
  impact: z.enum(IMPACTS).optional(),
  risk_score: z
    .int()
    .min(1)
    .max(9)
    .optional()
    .describe('likelihood times impact, 1 to 9; computed when left out'),
  compensating_controls: textOrList.optional(),
  telemetry: telemetry.optional(),
  effective_from: instant.optional().describe('start; one in the past means from approval'),
  expires_at: instant.optional().describe('end; left out, approval sets it from the policy'),
  remediation_plan: plan.optional(),
  dependencies: textOrList.optional(),
  versioning_impact: longText.optional(),
  evidence: textOrList.optional().describe('links to pull requests, tickets, documents'),
  control: z.enum(CONTROLS).optional(),
  grants: listOf(grant).optional(),
  ticket_id: shortText.optional(),
  justification: longText.optional(),
  risk_review: longText
    .optional()
    .describe('the risk as it is assessed now; every renewal needs its own'),
  expiry_actions: longText.optional().describe('what happens at the end, and why that is fine'),
  requested_duration: duration.optional().describe('counted from approval, instead of expires_at'),
  end_condition: longText.optional(),
  owners: listOf(person).optional(),
  services: nameList.optional(),
  apis: nameList.optional(),
  models: nameList.optional(),
  consumers: nameList.optional(),
  change_class: z.enum(CHANGE_CLASSES).optional(),
  scope: scope.optional(),
  scope_justification: longText
    .optional()
    .describe('why nothing narrower will do, of a wide scope'),
  artifacts: listOf(artifact).optional(),
  external_ids: nameList.optional(),
});

/** The fields of a record in their normal form. */
export type ExceptionFields = z.output<typeof exceptionFields>;
/** The fields as people may write them. */
export type ExceptionFieldsInput = z.input<typeof exceptionFields>;
export type FieldName = keyof ExceptionFields;
export const FIELD_NAMES = Object.keys(exceptionFields.shape) as [FieldName, ...FieldName[]];
export type Control = (typeof CONTROLS)[number];

/** The keys of the objects inside a record, for errors that name the nearest known one. */
export const NESTED_KEYS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    requestor: personObject,
    owners: personObject,
    telemetry,
    remediation_plan: remediationPlan,
    'remediation_plan.steps': planStep,
    'remediation_plan.closure_criteria': closureCriterion,
    grants: grant,
    scope,
    artifacts: artifact,
  }).map(([path, object]) => [path, Object.keys(object.shape)]),
);

type FieldShapes = typeof exceptionFields.shape;
type EditShapes = { [K in keyof FieldShapes]: z.ZodOptional<z.ZodNullable<FieldShapes[K]>> };

/** An edit: fields to set, `null` to take one away (the title can only be replaced). */
// Marked as pure so that bundles which read no edits begin without it.
export const exceptionEdit = /* @__PURE__ */ editOf(exceptionFields.shape);

function editOf(shapes: FieldShapes) {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        name === 'title' ? titleText.optional() : (shape as z.ZodType).nullable().optional(),
      ]),
    ) as unknown as EditShapes,
  );
}
export type ExceptionEdit = z.output<typeof exceptionEdit>;

/** Fields that Lapse sets itself; what names one in a request is told so. */
export const SYSTEM_FIELDS = [
  'exception_id',
  'status',
  'approvals',
  'renews',
  'renewal_number',
  'kind',
] as const;

/**
 * Fields whose edit changes neither the risk nor what is allowed. All others are material: editing
 * one voids earlier approvals (INTERFACE, PATCH), and none may be edited while in force.
 */
export const NON_MATERIAL: ReadonlySet<FieldName> = new Set<FieldName>([
  'title',
  'adr_id',
  'telemetry',
  'dependencies',
  'evidence',
  'ticket_id',
  'owners',
  'artifacts',
  'external_ids',
]);
