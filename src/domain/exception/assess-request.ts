import type { FieldError } from '../errors.ts';
import { type WideScope, wideScopes } from '../policy/breadth.ts';
import { limitEnd } from '../policy/evaluate.ts';
import { explainPolicy, type PolicyExplanation } from '../policy/explain-policy.ts';
import type { ChainPlace, Policy } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import { missingForRequest } from './completeness.ts';
import type { ExceptionFields } from './fields.ts';
import { contradictions } from './parse-fields.ts';
import { missingByPolicy } from './policy-demands.ts';
import { endIfApproved } from './time-limits.ts';

/** What would become of a request, were it submitted and approved as it stands. */
export interface RequestAssessment {
  readonly explanation: PolicyExplanation;
  /** The latest end that the policy allows, were it approved now. */
  readonly latest_end: Instant;
  /** The end that it would get; `undefined` where what it asks for is refused. */
  readonly expires_at?: Instant;
  /** What it lacks: fields that every request needs, and fields and artifacts that the policy asks for. */
  readonly missing: readonly FieldError[];
  /** What is wider than it may need to be, each with a narrower scope that would do. */
  readonly wide: readonly WideScope[];
  /** Why it would be refused though nothing is missing. */
  readonly refusals: readonly FieldError[];
}

/** What a policy says of a request before anybody has sent it; a part of a record is enough. */
export function assessRequest(
  policy: Policy,
  fields: ExceptionFields,
  place: ChainPlace,
  now: Instant,
): RequestAssessment {
  const explanation = explainPolicy(policy, fields, place);
  const end = endIfApproved(fields, now, policy, place);
  const isRefused = Array.isArray(end);
  return {
    explanation,
    latest_end: limitEnd(now, explanation.decision.maximum),
    ...(isRefused ? {} : { expires_at: end.expires_at }),
    missing: [...missingForRequest(fields), ...missingByPolicy(policy, fields, place)],
    wide: wideScopes(fields),
    refusals: [...contradictions(fields), ...(isRefused ? end : [])],
  };
}
