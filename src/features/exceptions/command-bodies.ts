import { z } from 'zod';
import {
  duration,
  fileDigest,
  instant,
  listOf,
  longText,
  shortText,
  uriReference,
} from '../../domain/exception/field-shapes.ts';
import { exceptionFields, IMPACTS, LIKELIHOODS } from '../../domain/exception/fields.ts';
import { RISK_FACTS } from '../../domain/exception/risk-facts.ts';
import { decodeBase64url } from '../../domain/signature/base64url.ts';

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
      'must not have both expires_at and requested_duration',
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
