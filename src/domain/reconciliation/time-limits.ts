import type { Mode } from '../enforcement/connector.ts';
import { DAY } from '../schedule/instant.ts';
import type { Discrepancy } from './compare.ts';
import type { FindingKind, FindingState, Remover } from './finding.ts';

/** How long a finding may stay without an answer, in milliseconds. */
export const ANSWER_WITHIN: Readonly<Record<FindingKind, number>> = {
  // Nothing stays in place past its end without somebody being at it.
  overdue: 0,
  changed: 3 * DAY,
  unregistered: 7 * DAY,
  'owner-unknown': 7 * DAY,
  missing: 14 * DAY,
  'out-of-use': 30 * DAY,
};

/**
 * What follows where a finding was not answered in time. By itself Lapse takes away nothing but what an
 * exception that has ended names exactly, where the mode lets it (issue: Grants and connectors);
 * everything else is for people.
 */
export function followsLimit(
  { kind, grant_id }: Pick<FindingState, 'kind' | 'grant_id'>,
  mode: Mode,
): 'removal' | 'task' {
  return kind === 'overdue' && grant_id !== undefined && mode !== 'observe' ? 'removal' : 'task';
}

/** Who takes away what a person wants gone: nobody but a person where Lapse may only observe. */
export function removerOf(
  { kind, grant_id }: Pick<FindingState, 'kind' | 'grant_id'>,
  mode: Mode,
): Remover {
  if (mode === 'observe') return 'person';
  return kind === 'overdue' && grant_id !== undefined ? 'grant' : 'finding';
}

/** Who has to see to a finding: the record's owner, or whoever runs the clouds. */
export function ownerOf({ kind, grant }: Pick<Discrepancy, 'kind' | 'grant'>): string {
  const named = kind === 'owner-unknown' ? undefined : grant?.owners[0];
  return named ?? 'platform';
}
