import type { ExceptionFields } from './fields.ts';

/**
 * What may turn out otherwise while an exception is in force: facts that bear on the risk. What is
 * allowed is not among them; it takes a request of its own.
 */
export const RISK_FACTS = [
  'likelihood',
  'impact',
  'stride',
  'threat_model_link',
  'data_classification',
  'change_class',
  'consumers',
] as const;
export type RiskFacts = Partial<Pick<ExceptionFields, (typeof RISK_FACTS)[number]>>;
