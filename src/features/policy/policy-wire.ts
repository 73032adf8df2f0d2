import type { z } from 'zod';
import type { RequestAssessment } from '../../domain/exception/assess-request.ts';
import type { Requirement } from '../../domain/policy/policy.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { evaluationAnswer } from './policy-schemas.ts';

/** An assessment by the pack of a digest, as it is answered. */
export type Evaluation = z.input<typeof evaluationAnswer>;

/** An assessment in the form that the API answers with. */
export function toEvaluation({
  explanation: { decision, matched, unmatched, effects },
  ...assessment
}: RequestAssessment & { readonly digest: string }): Evaluation {
  const sources = new Map(matched.map(({ id, source }) => [id, source]));
  const sourced = (requirements: readonly Requirement[]) =>
    requirements.map((one) => ({ ...one, source: sources.get(one.rule) ?? '' }));
  const { expires_at } = assessment;
  return {
    policy: assessment.digest,
    approvals: sourced(decision.requirements),
    extension_approvals: sourced(decision.extension_requirements),
    maximum: decision.maximum,
    default: decision.default,
    extension: decision.extension,
    total: decision.total,
    maximum_end: formatInstant(assessment.latest_end),
    expires_at: expires_at === undefined ? null : formatInstant(expires_at),
    missing: [...assessment.missing],
    refusals: [...assessment.refusals],
    wide_scopes: [...assessment.wide],
    monitoring: [...decision.monitoring],
    reminders: [...decision.reminders],
    recurring_reminder: decision.recurring_reminder ?? null,
    gates: decision.gates as Record<string, string[]>,
    matched: [...matched],
    unmatched: unmatched.map(({ id, unmet }) => ({ id, unmet: [...unmet] })),
    effects: effects.map(({ effect, askings }) => ({ effect, askings: [...askings] })),
  };
}
