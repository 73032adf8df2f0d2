import { DomainError } from '../../domain/errors.ts';
import { ACCEPTED_KINDS } from './file-kinds.ts';

/** The refusal of a file: what is wrong with it, and what would pass. */
export function fileRefusal(problem: string, passes = `evidence may be ${ACCEPTED_KINDS}`) {
  return new DomainError('file-refused', `the file ${problem}; ${passes}`, [
    { path: 'file', message: problem },
  ]);
}
