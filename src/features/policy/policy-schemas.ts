import { z } from 'zod';
import { exceptionFields, KINDS } from '../../domain/exception/fields.ts';
import { policyPack } from '../../domain/policy/policy-pack.ts';
import { requestTemplate } from '../../domain/policy/request-template.ts';

const person = z.object({ id: z.string(), name: z.string(), email: z.string().optional() });

/** A pack with its place among the versions. */
export const policyAnswer = z.object({
  version: z.int().describe('0 while the built-in pack is in force; also the ETag'),
  digest: z.string().describe('sha256: and the SHA-256 of the pack in canonical JSON'),
  built_in: z.boolean(),
  since: z.string().nullable(),
  by: person.nullable(),
  pack: policyPack,
});

/** The templates for new requests. */
export const templatesAnswer = z.object({ items: z.array(requestTemplate) });

/** A record, or a part of one, and its place in its chain. */
export const evaluationBody = exceptionFields.partial().extend({
  renewal_number: z.int().min(0).max(1_000).default(0).describe('0 for a first request'),
  kind: z.enum(KINDS).default('time-boxed'),
});

const limit = z.object({ duration: z.string(), rule: z.string(), source: z.string() });
const demand = z.object({ name: z.string(), rule: z.string(), source: z.string() });
const problem = z.object({ path: z.string(), message: z.string() });
const requirement = z.object({
  role: z.string(),
  count: z.int(),
  rule: z.string(),
  source: z.string().describe('where the rule comes from'),
  signature: z
    .string()
    .optional()
    .describe('the rule that asks for it to be signed with a passkey'),
  step: z.int().optional(),
  consumer: z.string().optional(),
  person: person.optional(),
  in_place_of: person.extend({ role: z.string() }).optional(),
});

/** What the policy says of a request before anybody has sent it. */
export const evaluationAnswer = z.object({
  policy: z.string().describe('the digest of the pack'),
  approvals: z.array(requirement).describe('who has to approve it, and why'),
  extension_approvals: z.array(requirement),
  maximum: limit,
  default: limit,
  extension: limit,
  total: limit,
  maximum_end: z.string().describe('the latest end, were it approved now'),
  expires_at: z.string().nullable().describe('the end that it would get; null where it is refused'),
  missing: z.array(problem).describe('fields and artifacts that a request needs'),
  refusals: z.array(problem).describe('why it would be refused though nothing were missing'),
  wide_scopes: z.array(problem).describe('each with a narrower scope that would do'),
  monitoring: z.array(demand),
  reminders: z.array(z.string()),
  recurring_reminder: limit.nullable(),
  gates: z.record(z.string(), z.array(z.string())),
  matched: z.array(z.object({ id: z.string(), source: z.string() })),
  unmatched: z.array(z.object({ id: z.string(), unmet: z.array(z.string()) })),
  effects: z.array(
    z.object({
      effect: z.string(),
      askings: z.array(
        z.object({
          rule: z.string(),
          source: z.string(),
          asks: z.unknown(),
          wins: z.boolean(),
        }),
      ),
    }),
  ),
});
