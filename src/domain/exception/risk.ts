import type { ExceptionFields } from './fields.ts';

export type Severity = 'High' | 'Medium' | 'Low';

const LIKELIHOOD = { Low: 1, Medium: 2, High: 3 } as const;
const IMPACT = { Low: 1, Medium: 2, High: 3, Critical: 4 } as const;

/** Likelihood times impact, capped at 9 (INTERFACE, Severity); `undefined` while either is missing. */
export function riskScore(
  fields: Pick<ExceptionFields, 'likelihood' | 'impact'>,
): number | undefined {
  const product = riskProduct(fields);
  return product === undefined ? undefined : Math.min(9, product);
}

/** Likelihood times impact, up to 12: by it a risk is told from one that the capped score calls the same. */
export function riskProduct({
  likelihood,
  impact,
}: Pick<ExceptionFields, 'likelihood' | 'impact'>): number | undefined {
  return likelihood && impact && LIKELIHOOD[likelihood] * IMPACT[impact];
}

/** 6 to 9 High, 3 to 5 Medium, 1 to 2 Low (INTERFACE, Severity). */
export function severity(fields: ExceptionFields): Severity | undefined {
  const score = fields.risk_score ?? riskScore(fields);
  if (score === undefined) return undefined;
  if (score >= 6) return 'High';
  return score >= 3 ? 'Medium' : 'Low';
}
