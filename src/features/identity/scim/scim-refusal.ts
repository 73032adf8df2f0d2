import { DomainError, type ErrorCode } from '../../../domain/errors.ts';

/** What a client did wrong, in the words of RFC 7644 section 3.12, table 9. */
export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue';

/** A refusal of a SCIM request that can say what kind it is. */
export class ScimRefusal extends DomainError {
  readonly scimType: ScimType;

  constructor(scimType: ScimType, message: string, code: ErrorCode = 'invalid-request') {
    super(code, message);
    this.scimType = scimType;
  }
}

/** An attribute, a path or a filter as it may be shown in a refusal: not longer than a line. */
export function shown(text: unknown): string {
  const given = typeof text === 'string' ? text : (JSON.stringify(text) ?? 'nothing');
  return given.length > 100 ? `${given.slice(0, 100)}…` : given;
}

/** Whether the database can hold a text, or be asked for it. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}
