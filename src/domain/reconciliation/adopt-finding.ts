import type { ExceptionFields } from '../exception/fields.ts';
import { evaluatePolicy } from '../policy/evaluate.ts';
import type { Policy } from '../policy/policy.ts';
import type { FindingState } from './finding.ts';

const LONGEST_TITLE = 300;

/**
 * The draft that a finding is adopted into: what stands in the cloud, with the time in force that the
 * policy gives by default. People complete it; nothing of it is approved. What is found of a record stays
 * as classified as that is.
 */
export function adoptedFields(
  { finding_id, spec }: Pick<FindingState, 'finding_id' | 'spec'>,
  policy: Policy,
  before: ExceptionFields | undefined,
): ExceptionFields {
  const title = `Adopted: ${spec.kind} at ${spec.target}`.slice(0, LONGEST_TITLE);
  const fields: ExceptionFields = {
    title,
    grants: [spec],
    external_ids: [finding_id],
    ...(before?.data_classification ? { data_classification: before.data_classification } : {}),
  };
  return { ...fields, requested_duration: evaluatePolicy(policy, fields).default.duration };
}
