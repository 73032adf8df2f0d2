import { z } from 'zod';
import { APPROVAL_ROLES, PERSON_ROLES } from '../access/actor.ts';
import { duration, listOf, longText, nameList, shortText } from '../exception/field-shapes.ts';
import {
  ARTIFACT_KINDS,
  CATEGORIES,
  CHANGE_CLASSES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
  FIELD_NAMES,
  KINDS,
  NAMED_LISTS,
} from '../exception/fields.ts';
import { addDuration, parseDuration } from '../schedule/duration.ts';
import { DAY, HOUR } from '../schedule/instant.ts';
import { BREADTHS } from './breadth.ts';
import { requestTemplate, TEMPLATE_KEYS } from './request-template.ts';

/** No limit of a pack may be longer: what lasts over a year has an end that nobody remembers. */
const LONGEST = 366 * DAY;

const limit = duration.refine((text) => length(text) <= LONGEST, 'must be at most a year (P366D)');

/** In milliseconds; 0 of what is no duration, which is said elsewhere. */
function length(text: string): number {
  const parsed = parseDuration(text);
  return parsed ? addDuration(0, parsed) : 0;
}

/** One value or several: any of them. */
function anyOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.array(z.enum(values)).min(1, 'must name at least one; leave it out to match all');
}

const renewals = z
  .strictObject({
    from: z.int().min(0).max(1_000).optional(),
    to: z.int().min(0).max(1_000).optional(),
  })
  .refine(({ from = 0, to = Number.POSITIVE_INFINITY }) => from <= to, {
    path: ['from'],
    message: 'is more than "to", so that the rule can never match',
  });

/** Where a rule applies: everything that is named has to hold. */
const match = z.strictObject({
  category: anyOf(CATEGORIES).optional().describe('one of these'),
  control: anyOf(CONTROLS).optional().describe('what is deviated from, one of these'),
  environment: anyOf(ENVIRONMENTS).optional().describe('one of these'),
  data_classification: anyOf(CLASSIFICATIONS).optional().describe('one of these'),
  severity: anyOf(['High', 'Medium', 'Low'])
    .optional()
    .describe('likelihood times impact: 6 to 9 High, 3 to 5 Medium, 1 to 2 Low'),
  change_class: anyOf(CHANGE_CLASSES).optional().describe('one of these'),
  kind: anyOf(KINDS).optional().describe('one of these'),
  renewal: renewals.optional().describe('the number in its chain: 0 for a first request'),
  breadth: anyOf(BREADTHS)
    .optional()
    .describe('wide: whole subscriptions, wildcards, owner-like roles'),
  names: z
    .array(z.enum(NAMED_LISTS))
    .min(1)
    .optional()
    .describe('lists of which at least one names something'),
  regions: z.literal('several').optional().describe('the scope names more than one region'),
});

const approval = z
  .strictObject({
    role: z
      .enum([...APPROVAL_ROLES, 'approver', 'first-approver'])
      .describe(
        'consumer: each that is named; first-approver: who approved the first of the chain',
      ),
    count: z
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe('so many different people; one when left out'),
    step: z
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe('steps follow one another; what is in one step is decided in any order'),
    fallback: z
      .enum([...APPROVAL_ROLES, 'approver'])
      .optional()
      .describe(
        'of first-approver alone: the role that decides once that person has left; theirs when left out',
      ),
  })
  .refine(({ role, fallback }) => fallback === undefined || role === 'first-approver', {
    path: ['fallback'],
    message: 'goes with the role first-approver alone',
  });

const approvals = z.array(approval).max(50);

/** The transitions that a pack may reserve for roles. */
const GATES = ['submit', 'activate', 'revoke', 'close', 'archive'] as const;

const effects = z.strictObject({
  maximum: limit.optional().describe('longest time in force, from approval'),
  default: limit
    .optional()
    .describe('time in force where the request names neither end nor duration'),
  extension: limit.optional().describe('longest that one extension may add'),
  total: limit.optional().describe('longest time in force with the extension, from approval'),
  approvals: approvals.optional().describe('asked for of a request'),
  extension_approvals: approvals.optional().describe('asked for of an extension besides'),
  signatures: z
    .array(z.enum([...APPROVAL_ROLES, 'approver']))
    .optional()
    .describe('roles whose approvals have to be signed with a passkey'),
  artifacts: z
    .array(z.enum(ARTIFACT_KINDS))
    .optional()
    .describe('documents that a request has to link'),
  fields: z.array(z.enum(FIELD_NAMES)).optional().describe('fields that a request has to have'),
  monitoring: nameList.optional().describe('what telemetry has to show'),
  reminders: listOf(limit).optional().describe('so long before the end'),
  recurring_reminder: limit.optional().describe('while in force, again and again'),
  gates: z
    .partialRecord(z.enum(GATES), z.array(z.enum(PERSON_ROLES)).min(1))
    .optional()
    .describe('transitions that only these roles may bring about'),
});

const rule = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,79}$/, 'must be lower-case letters, digits and hyphens')
    .describe('names the rule in refusals, requirements and explanations'),
  source: longText.describe('where the rule comes from, for people who ask why'),
  match: match.default({}).describe('where the rule applies; all records where it is left out'),
  effects: effects.describe('what the rule asks of the records that it applies to'),
});

/** What holds of chains of renewals as a whole (002, Permanent Exceptions; Exception Renewed Indefinitely). */
const chains = z.strictObject({
  permanent_after: z
    .int()
    .min(0)
    .max(1_000)
    .describe('so many renewals before it may be permanent'),
  review_every: limit.describe('a permanent exception is reviewed so often, or expires'),
  decide_beyond: z
    .int()
    .min(0)
    .max(1_000)
    .describe('with more renewals, executive leadership decides on the first of a month'),
  decide_within: limit.describe('so long undecided, it cannot be renewed further'),
});

/** No emergency lasts longer, and none waits longer for its review (DESIGN section 1, Emergencies). */
const emergencyTime = limit.refine((text) => {
  const parsed = parseDuration(text);
  return parsed === undefined || addDuration(0, parsed) <= DAY;
}, 'must be at most a day (PT24H)');

/** Emergencies: in force under one approver, and reviewed afterwards. */
const breakGlass = z.strictObject({
  allowed: z.boolean().default(true).describe('false: no emergency goes without its approvals'),
  max_duration: emergencyTime.default('PT24H').describe('longest time in force, from approval'),
  review_within: emergencyTime
    .default('PT24H')
    .describe('so long after its start the approvals and the decision record are owed'),
});

/** Risk that has changed while a record is in force. */
const riskChange = z.strictObject({
  review_within: limit
    .default('P7D')
    .describe('a raised risk is approved so soon, or the exception ends'),
});

/** What the words of those who decide have to be. */
const reasons = z.strictObject({
  min_characters: z
    .int()
    .min(0)
    .max(500)
    .describe(
      'of the reason to approve, reject, send back, withdraw, revoke, or re-architect; 0 takes any',
    ),
});

/** Whom somebody may be reminded by: consumers answer for themselves alone. */
const escalationRole = z.enum(APPROVAL_ROLES).exclude(['consumer']);

/** What happens where those who are to approve do not act; it lets nobody approve who may not. */
const escalation = z.strictObject({
  after: limit
    .refine((text) => length(text) >= HOUR, 'must be at least an hour (PT1H), or null for never')
    .nullable()
    .describe('so long after the approvals could be given; null: never'),
  to: z
    .union([escalationRole, z.array(escalationRole)])
    .transform((roles) => [...new Set(Array.isArray(roles) ? roles : [roles])])
    .pipe(z.array(escalationRole).min(1, 'must name a role; "after: null" turns it off').max(5))
    .describe('who is told: the first role then, each further one after as long again'),
});

/** How long what the ledger commits to is kept (000 section 4, Audit). */
const retention = z.strictObject({
  keep: duration
    .refine((text) => length(text) >= 365 * DAY, 'must be at least a year (P1Y)')
    .refine((text) => length(text) <= 100 * LONGEST, 'must be at most a hundred years (P100Y)')
    .describe('a tenant is deleted no earlier, counted from the end of its last record'),
});

/** How often what is granted is compared with what was approved (002, Automation Fails to Remove Exception). */
const reconciliation = z.strictObject({
  every: limit.describe('so long after the last comparison began, the next one begins'),
});

/** Who may change a record that is there; `domain/exception/who-may-change.ts` says who is concerned. */
const changesBy = z
  .enum(['those-concerned', 'anyone'])
  .describe(
    'who may edit, submit, end or lengthen a record: whose it is, or anyone who may write records',
  );

/** What holds where a pack leaves a part out: the figures of both documents, and ours where they have none. */
export const PACK_DEFAULTS = {
  chains: { permanent_after: 3, review_every: 'P1Y', decide_beyond: 3, decide_within: 'P30D' },
  reasons: { min_characters: 20 },
  // Whom both documents put above the reviewers: the platform lead first, then the CISO.
  escalation: { after: 'P3D', to: ['platform-lead', 'ciso'] },
  retention: { keep: 'P7Y' },
  // DESIGN section 1, Emergencies; no document has a figure for a risk that changes.
  break_glass: { allowed: true, max_duration: 'PT24H', review_within: 'PT24H' },
  risk_change: { review_within: 'P7D' },
  reconciliation: { every: 'P7D' },
  // No document says whose a record is; ADR 0041.
  changes_by: 'those-concerned',
} satisfies {
  chains: z.output<typeof chains>;
  reasons: z.output<typeof reasons>;
  escalation: z.output<typeof escalation>;
  retention: z.output<typeof retention>;
  break_glass: z.output<typeof breakGlass>;
  risk_change: z.output<typeof riskChange>;
  reconciliation: z.output<typeof reconciliation>;
  changes_by: z.output<typeof changesBy>;
};

/** A policy pack: one file, every rule of which people can read, version, test and compare. */
export const policyPack = z.strictObject({
  id: shortText.describe('a name for people, such as acme-2026-1'),
  undecided_after: limit.describe('a request that nobody decides lapses'),
  archive_after: limit.describe('a closed record is archived'),
  chains: chains.default(PACK_DEFAULTS.chains),
  reasons: reasons.default(PACK_DEFAULTS.reasons),
  escalation: escalation.default(PACK_DEFAULTS.escalation),
  break_glass: breakGlass.default(PACK_DEFAULTS.break_glass),
  risk_change: riskChange.default(PACK_DEFAULTS.risk_change),
  retention: retention.default(PACK_DEFAULTS.retention),
  reconciliation: reconciliation.default(PACK_DEFAULTS.reconciliation),
  changes_by: changesBy.default(PACK_DEFAULTS.changes_by),
  stand_ins: z
    .partialRecord(z.enum([...APPROVAL_ROLES, 'approver']), z.array(z.enum(APPROVAL_ROLES)))
    .default({})
    .describe('the approval roles that a role may fill besides its own'),
  rules: z.array(rule).min(1).max(500).describe('every one that matches applies'),
  templates: z
    .array(requestTemplate)
    .max(100)
    .optional()
    .describe('for new requests; left out, those that come with Lapse, and none where it is empty'),
});

/** The keys that each object of a pack may have, by its path without the numbers of list entries. */
export const PACK_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(policyPack.shape),
  break_glass: Object.keys(breakGlass.shape),
  risk_change: Object.keys(riskChange.shape),
  chains: Object.keys(chains.shape),
  reasons: Object.keys(reasons.shape),
  escalation: Object.keys(escalation.shape),
  retention: Object.keys(retention.shape),
  reconciliation: Object.keys(reconciliation.shape),
  stand_ins: [...APPROVAL_ROLES, 'approver'],
  rules: Object.keys(rule.shape),
  'rules.match': Object.keys(match.shape),
  'rules.match.renewal': ['from', 'to'],
  'rules.effects': Object.keys(effects.shape),
  'rules.effects.approvals': Object.keys(approval.shape),
  'rules.effects.extension_approvals': Object.keys(approval.shape),
  'rules.effects.gates': GATES,
  ...TEMPLATE_KEYS,
};

/** Where a server serves the JSON Schema of packs, for editors. */
export const PACK_SCHEMA_PATH = '/schemas/policy-pack.json';

/** The JSON Schema of packs as people write them. */
export function packSchema(): object {
  const schema = z.toJSONSchema(policyPack, { io: 'input', target: 'draft-2020-12' });
  // Where the API's schemas have names, it is one of them; editors get it whole.
  const { id: _, ...pack } = Object.values(schema.$defs ?? {})[0] ?? schema;
  return {
    $schema: schema.$schema,
    title: 'Lapse policy pack',
    description:
      'Who may decide what, and for how long: every rule that matches applies, and for each effect the strictest wins.',
    ...pack,
  };
}
