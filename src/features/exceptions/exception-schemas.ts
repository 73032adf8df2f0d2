import { z } from 'zod';
import { exceptionFields } from '../../domain/exception/fields.ts';
import { CHANGE_KINDS, OWED_KINDS } from '../../domain/exception/state.ts';
import { CLOSED_REASONS, STATUSES } from '../../domain/exception/status.ts';
import { pageOf } from '../../platform/http/paging.ts';

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

export const commentAnswer = z.object({
  comment_id: z.string(),
  author: actorReference,
  body: z.string(),
  created_at: time,
});
export const commentPage = pageOf(commentAnswer);
