import { DomainError } from '../errors.ts';
import { CLASSIFICATIONS } from '../exception/fields.ts';

/** How data may be classified, the least secret first (000 section 3). */
export type Classification = (typeof CLASSIFICATIONS)[number];

/** Clearance for everything. */
export const FULL_CLEARANCE: Classification = 'confidential';

/** What a record counts as until somebody classifies it (ADR 0035). */
const UNCLASSIFIED: Classification = 'internal';

/** Whether content of a classification is shown to somebody of a clearance. */
export function isCleared(clearance: Classification, classification: Classification): boolean {
  return CLASSIFICATIONS.indexOf(classification) <= CLASSIFICATIONS.indexOf(clearance);
}

/** How a record is classified. */
export function classificationOf({ data_classification }: Classified): Classification {
  return data_classification ?? UNCLASSIFIED;
}

/** Why somebody may not write a record with its `data_classification`; nothing where they may (ADR 0035). */
export function clearanceProblem(
  clearance: Classification,
  record: Classified,
): string | undefined {
  const classification = classificationOf(record);
  if (isCleared(clearance, classification)) return undefined;
  const given = record.data_classification ?? `${classification}, as long as none is given,`;
  return `${given} is above your clearance, ${clearance}: nobody writes what they may not read; an administrator gives clearance`;
}

/** Refuses with `not-permitted` what somebody may not write as it is classified. */
export function assertClearedFor(clearance: Classification, record: Classified): void {
  const problem = clearanceProblem(clearance, record);
  if (problem === undefined) return;
  throw new DomainError('not-permitted', `data_classification ${problem}`, [
    { path: 'data_classification', message: problem },
  ]);
}

interface Classified {
  readonly data_classification?: Classification | undefined;
}

/** Refuses with `not-permitted` to give more clearance than whoever gives it has (ADR 0035). */
export function assertMayGive(own: Classification, given: readonly Classification[]): void {
  const above = given.find((clearance) => !isCleared(own, clearance));
  if (above === undefined) return;
  const message = `you cannot give the clearance ${above}, since yours is ${own}; somebody who has it can`;
  throw new DomainError('not-permitted', message, [{ path: 'clearance', message }]);
}
