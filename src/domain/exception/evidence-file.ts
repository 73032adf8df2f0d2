import type { FieldError } from '../errors.ts';
import { LIMITS } from './field-shapes.ts';
import type { ExceptionFields } from './fields.ts';
import type { EvidenceFileOnRecord, ExceptionState } from './state.ts';

/** The record's file with this digest, if it has one. */
export function fileWithDigest(
  { evidence_files }: ExceptionState,
  digest: string,
): EvidenceFileOnRecord | undefined {
  return evidence_files?.find((file) => file.digest === digest);
}

/** Artifacts that name a file which the record does not have. */
export function artifactsWithoutFile(state: ExceptionState, fields: ExceptionFields): FieldError[] {
  return (fields.artifacts ?? []).flatMap(({ evidence }, index) =>
    evidence === undefined || fileWithDigest(state, evidence)
      ? []
      : [
          {
            path: `artifacts.${index}.evidence`,
            message: 'names no file of this record; add the file as evidence first',
          },
        ],
  );
}

/** Why a record cannot have so many files; undefined where it can. */
export function tooManyFiles(count: number): FieldError | undefined {
  if (count <= LIMITS.list) return undefined;
  const message = `would have ${count} files; a record may have at most ${LIMITS.list}`;
  return { path: 'evidence_files', message };
}
