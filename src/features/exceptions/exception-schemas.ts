import { z } from 'zod';
import {
  duration,
  fileDigest,
  instant,
  listOf,
  longText,
  shortText,
  titleText,
  uriReference,
} from '../../domain/exception/field-shapes.ts';
import {
  CATEGORIES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
  exceptionFields,
  IMPACTS,
  LIKELIHOODS,
} from '../../domain/exception/fields.ts';
import { RISK_FACTS } from '../../domain/exception/risk-facts.ts';
import { CHANGE_KINDS, OWED_KINDS } from '../../domain/exception/state.ts';
import { CLOSED_REASONS, STATUSES } from '../../domain/exception/status.ts';
import { parseInstant } from '../../domain/schedule/instant.ts';
import { decodeBase64url } from '../../domain/signature/base64url.ts';
import { pageOf, pageParameters, wholeNumber } from '../../platform/http/paging.ts';
import { SORTS } from './exception-list-query.ts';

export const time = z.string().meta({ format: 'date-time' });
export const actorReference = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().optional(),
});
const signedIn = z.object({
  method: z.string().describe('oidc: through a provider; link: by a one-time link'),
  issuer: z.string().optional(),
  subject: z.string().optional(),
});
const approval = z.object({
  role: z.string().describe('the role that it fills'),
  consumer: z.string().optional(),
  by: actorReference,
  on_behalf_of: actorReference
    .extend({ delegation_id: z.string() })
    .optional()
    .describe('whose role it was, where somebody acted for them'),
  at: time,
  reason: z.string(),
  ends_by: time.optional().describe('an earlier end, which the approver made a condition'),
  signed_in: signedIn.optional().describe('how the approver had signed in; a token has not'),
  passkey: z.string().optional().describe('the passkey that signed it, by its credential id'),
});
export const requirement = z.object({
  role: z.string(),
  count: z.int(),
  rule: z.string(),
  signature: z
    .string()
    .optional()
    .describe('the rule that asks for it to be signed with a passkey'),
  step: z.int().optional().describe('steps follow one another; the first when left out'),
  consumer: z.string().optional().describe('the consumer that signs off'),
  person: actorReference.optional().describe('the very person who may fill it'),
  in_place_of: actorReference
    .extend({ role: z.string() })
    .optional()
    .describe('who approved the first of the chain and has left, so that this role decides'),
});
/** Somebody who acts for another, and until when. */
export const delegate = actorReference.extend({ until: time });
const suggestedApprovers = z.object({
  requirement,
  approvers: z.array(
    actorReference.extend({
      delegates: z.array(delegate).describe('who acts for them: whoever has delegates is away'),
    }),
  ),
  others: z.int().describe('how many more there are'),
});

const evidenceFile = z.object({
  digest: z.string().describe('SHA-256 of its bytes: the id of the evidence'),
  size: z.int().describe('bytes'),
  type: z.string().describe('the media type that its bytes have'),
  name: z.string(),
  added_at: time,
  added_by: actorReference,
});
const linkReading = z.object({
  link: z.string(),
  at: time,
  digest: z.string().nullable().describe('SHA-256 of what was answered; null where not reached'),
  size: z.int().nullable().describe('bytes'),
  type: z.string().nullable().describe('the media type, as the server gave it'),
  status: z.int().nullable().describe('the HTTP status after the last redirect'),
  reason: z.string().nullable().describe('why it was not reached'),
});
const permanenceDocuments = {
  business_case: z.string(),
  memo: z.string(),
  documented_in: z.string(),
};

/** A record as it is answered: what people wrote, and what Lapse knows of it. */
export const exceptionAnswer = exceptionFields.extend({
  exception_id: z.string(),
  revision: z.int(),
  status: z.enum(STATUSES),
  kind: z.enum(['time-boxed', 'permanent']),
  tenant_org: z.string(),
  severity: z.enum(['High', 'Medium', 'Low']).nullable(),
  in_force: z.boolean(),
  overdue: z.boolean(),
  age_days: z.int().nullable().describe('whole days since activation'),
  created_at: time,
  created_by: actorReference,
  updated_at: time,
  submitted_at: time.nullable(),
  lapses_at: time.nullable().describe('when the request lapses if nobody decides it'),
  awaited_since: time
    .nullable()
    .describe('since when the approvals that are lacking could be given; null where none is'),
  escalations: z
    .array(z.object({ to: z.string(), due: time, at: time, waits_since: time }))
    .describe('who was told that those who are to approve what waits did not act'),
  policy: z.string().nullable().describe('the digest of the policy pack that decided the request'),
  requirements: z.array(requirement),
  approvals: z.array(approval),
  claims: z
    .object({ status: z.string().optional(), approvals: z.array(z.unknown()).optional() })
    .nullable()
    .describe('what an imported file said of itself; unverified'),
  approved_at: time.nullable(),
  original_expires_at: time.nullable(),
  controls_confirmed: z.object({ by: actorReference, at: time }).nullable(),
  activated_at: time.nullable(),
  next_deadline: time.nullable().describe('when time alone will next move the record on'),
  reminders: z.array(time),
  extended_at: time.nullable(),
  pending_change: z
    .object({
      change_id: z.string(),
      kind: z.enum(CHANGE_KINDS),
      business_case: z.string().optional(),
      memo: z.string().optional(),
      documented_in: z.string().optional(),
      expires_at: time,
      reason: z.string(),
      risk_review: z.string(),
      requested_by: actorReference,
      requested_at: time,
      requirements: z.array(requirement),
      approvals: z.array(approval),
    })
    .nullable(),
  break_glass: z
    .object({ reason: z.string() })
    .nullable()
    .describe('of an emergency: why it could not wait'),
  owed: z
    .object({
      change_id: z.string(),
      kind: z.enum(OWED_KINDS),
      reason: z.string(),
      by: time.describe('undecided by then, it ends'),
      expires_at: time.describe('its end, once the review is settled'),
      requested_by: actorReference,
      requested_at: time,
      requirements: z.array(requirement),
      approvals: z.array(approval),
    })
    .nullable()
    .describe('a review that is owed while it is in force already'),
  permanence: z
    .object({
      ...permanenceDocuments,
      granted_at: time,
      reviewed_at: time.nullable(),
      risk_review: z.string(),
    })
    .nullable()
    .describe('what stands behind a permanent exception; its end is its next yearly review'),
  decision: z
    .object({
      due: time,
      decide_by: time,
      rearchitecture: z.object({ by: actorReference, at: time, reason: z.string() }).nullable(),
    })
    .nullable()
    .describe('what executive leadership has to decide on a chain with many renewals'),
  renews: z.string().nullable(),
  renewal_number: z.int(),
  renewed_by: z.string().nullable(),
  ended_at: time.nullable(),
  ended_note: z.string().nullable().describe('why it ended early'),
  closed: z
    .object({
      at: time,
      by: actorReference,
      reason: z.enum(CLOSED_REASONS),
      note: z.string().nullable(),
      evidence: z.array(
        z.object({
          criterion: z.string(),
          link: z.string().optional(),
          digest: z.string().optional(),
        }),
      ),
      archives_at: time,
    })
    .nullable(),
  archived_at: time.nullable(),
  evidence_files: z.array(evidenceFile),
  link_readings: z
    .array(linkReading)
    .describe('what lay behind each link of evidence when the record was archived'),
  violations: z.array(
    z.object({ at: time, impact: z.string(), description: z.string(), by: actorReference }),
  ),
});
export type ExceptionAnswer = z.output<typeof exceptionAnswer>;

/** One record by itself: lists, which have to be fast, do not say who can approve. */
export const oneException = exceptionAnswer.extend({
  suggested_approvers: z
    .array(suggestedApprovers)
    .optional()
    .describe('who can fill what waits for a decision, where something does'),
});
export type OneException = z.output<typeof oneException>;

export const exceptionPage = z.object({
  items: z.array(exceptionAnswer),
  next_cursor: z.string().nullable(),
  total: z.int(),
  total_is_minimum: z.boolean(),
});

export const historyAnswer = z.object({
  items: z.array(
    z.object({
      event_id: z.string(),
      version: z.int(),
      type: z.string(),
      event_version: z.int(),
      at: time,
      actor: z.object({
        id: z.string(),
        name: z.string(),
        email: z.string().optional(),
        role: z.string(),
        signed_in: signedIn.optional(),
      }),
      data: z.unknown(),
      ledger_index: z.int().nullable(),
    }),
  ),
});

export const exceptionId = z.string().regex(/^[\w-]{1,64}$/, 'is not an id');
export const idParameter = z.object({ id: exceptionId });

const reason = longText.describe('why; kept in the ledger');
const riskReview = longText.describe(
  'the risk as it is assessed now (000 section 4: fresh risk review)',
);
const optionalReason = z.strictObject({ reason: reason.optional() }).default({});

const closureEvidence = z
  .strictObject({
    criterion: shortText,
    link: uriReference.optional(),
    digest: fileDigest.optional().describe('of a file that the record has as evidence'),
  })
  .refine(
    ({ link, digest }) => (link === undefined) !== (digest === undefined),
    'must have either a link or the digest of a file',
  );

/** What an approval says, beside what it is of. */
export const approvalTerms = {
  reason,
  change: shortText.optional().describe('the pending change that is decided: its id, or its kind'),
  role: shortText.optional().describe('the role to fill, where you may fill several'),
  consumer: shortText.optional().describe('the consumer to sign off for'),
  for: shortText
    .optional()
    .describe('whose role you fill by a delegation: an e-mail address, or the id of a token'),
  expires_at: instant
    .optional()
    .describe('an earlier end: an approver may shorten the time, never lengthen it'),
};

/** Base64url of at most so many bytes. */
function base64url(most: number) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(Math.ceil((most * 4) / 3), `must hold at most ${most.toLocaleString('en')} bytes`)
    .refine((text) => decodeBase64url(text) !== undefined, 'must be base64url without padding');
}

/** `AuthenticationResponseJSON` of WebAuthn; what else browsers say is not looked at. */
const passkeyAnswer = z.object({
  id: base64url(1_023),
  rawId: base64url(1_023),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(4_096),
    authenticatorData: base64url(4_096),
    signature: base64url(4_096),
    userHandle: base64url(64).optional(),
  }),
  clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
});

/** The body of each command, by the last part of its path. */
export const commandBodies = {
  submit: z
    .strictObject({
      reason: reason.optional(),
      break_glass: z
        .boolean()
        .optional()
        .describe('an emergency: at most a day under one approver, reviewed afterwards'),
    })
    .refine(({ break_glass, reason }) => !break_glass || reason !== undefined, {
      path: ['reason'],
      message: 'is required of a break-glass: why it cannot wait for its approvals',
    })
    .default({}),
  'request-changes': z.strictObject({ reason }),
  withdraw: optionalReason,
  approve: z.strictObject({
    ...approvalTerms,
    signature: passkeyAnswer
      .optional()
      .describe('what a passkey answered to the challenge of these terms, as browsers write it'),
  }),
  reject: z.strictObject({ reason, change: shortText.optional() }),
  activate: optionalReason.describe(
    'sending it confirms that the compensating controls are in place',
  ),
  'request-extension': z.strictObject({
    expires_at: instant.describe('the new end'),
    reason,
    risk_review: riskReview,
  }),
  renew: z
    .strictObject({
      justification: longText.describe('why it is still needed; every renewal needs its own'),
      likelihood: z.enum(LIKELIHOODS).describe('as it is assessed now'),
      impact: z.enum(IMPACTS).describe('as it is assessed now'),
      risk_review: riskReview,
      expires_at: instant.optional(),
      requested_duration: duration.optional(),
    })
    .refine(
      (body) => !(body.expires_at && body.requested_duration),
      'give either expires_at or requested_duration',
    ),
  'make-permanent': z.strictObject({
    reason,
    risk_review: riskReview,
    business_case: uriReference.describe('why a permanent exception is necessary'),
    memo: uriReference.describe('the risk acceptance memo'),
    documented_in: uriReference.describe('where the exception is documented'),
  }),
  'complete-review': z.strictObject({ reason, risk_review: riskReview }),
  'reassess-risk': z.strictObject({
    reason: longText.describe('what has changed'),
    risk_review: riskReview,
    ...exceptionFields.pick(
      Object.fromEntries(RISK_FACTS.map((name) => [name, true])) as Record<
        (typeof RISK_FACTS)[number],
        true
      >,
    ).shape,
  }),
  'require-rearchitecture': z.strictObject({ reason }),
  revoke: z.strictObject({ reason }),
  close: z.strictObject({
    reason: reason.optional(),
    evidence: listOf(closureEvidence).default([]),
    removal: z
      .strictObject({
        statement: longText,
        links: listOf(uriReference).min(1, 'needs at least one link'),
      })
      .optional()
      .describe('your word that what was granted is gone, and what shows it'),
  }),
  archive: optionalReason,
} as const;

/** The bodies of additions. */
export const additionBodies = {
  comments: z.strictObject({ body: longText }),
  violations: z.strictObject({
    impact: z.enum(['none', 'degraded', 'outage', 'data']),
    description: longText,
  }),
} as const;

export const commentAnswer = z.object({
  comment_id: z.string(),
  author: actorReference,
  body: z.string(),
  created_at: time,
});
export const commentPage = pageOf(commentAnswer);

const instantParameter = z.string().transform((text, context) => {
  const parsed = parseInstant(text);
  if (parsed !== undefined) return parsed;
  context.addIssue('must be an RFC 3339 instant such as 2026-03-07T00:00:00Z');
  return z.NEVER;
});
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** A parameter that may be repeated: any of its values. */
function anyOf<T extends z.ZodType<unknown, string>>(value: T) {
  return z
    .union([value, z.array(value).max(50)])
    .transform((given) => (Array.isArray(given) ? given : [given]) as z.output<T>[])
    .optional();
}

const sortParameter = z
  .string()
  .regex(
    new RegExp(`^-?(${SORTS.join('|')})$`),
    `must be one of ${SORTS.join(', ')}, with - in front for the other way round`,
  );

export const listParameters = z.strictObject({
  status: anyOf(z.enum(STATUSES)),
  category: anyOf(z.enum(CATEGORIES)),
  control: anyOf(z.enum(CONTROLS)),
  environment: anyOf(z.enum(ENVIRONMENTS)),
  data_classification: anyOf(z.enum(CLASSIFICATIONS)),
  severity: anyOf(z.enum(['High', 'Medium', 'Low'])),
  kind: anyOf(z.enum(['time-boxed', 'permanent'])),
  requestor: anyOf(titleText),
  owner: anyOf(titleText),
  service: anyOf(titleText),
  policy_ref: anyOf(uriReference),
  q: z
    .string()
    .max(300)
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'must be well-formed text')
    .optional(),
  expires_before: instantParameter.optional(),
  expires_after: instantParameter.optional(),
  expiring_within: wholeNumber(0, 3_650).optional().describe('days'),
  overdue: flag.optional(),
  open: flag.optional(),
  sort: sortParameter.default('-created_at'),
  ...pageParameters,
  count: z.literal('exact').optional(),
});
export type ListParameters = z.output<typeof listParameters>;
