import { type Check, ok, problem } from './check.ts';

/** How the files of evidence stand, as their own feature sees it. */
export interface EvidenceFiles {
  readonly files: number;
  readonly read: number;
  readonly lost: readonly string[];
  readonly problem?: { readonly message: string; readonly mend: string };
}

const NAMED = 3;

/** Whether the files that events name lie where they were stored, as they were. */
export function checkEvidence({ files, read, lost, problem: found }: EvidenceFiles): Check {
  const name = 'evidence files';
  if (found) return problem(name, found.message, found.mend);
  if (lost.length === 0) {
    return ok(
      name,
      files === 0 ? 'there are none' : `${files} are there; ${read} were read, and are whole`,
    );
  }
  const named = lost.slice(0, NAMED).join(', ');
  const others = lost.length > NAMED ? `, and ${lost.length - NAMED} others` : '';
  return problem(
    name,
    `${lost.length} of ${files} are gone or altered: ${named}${others}`,
    'add the same files again, or put them back from a backup where they have lain',
  );
}
