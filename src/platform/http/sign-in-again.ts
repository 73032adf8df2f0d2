import { DomainError } from '../../domain/errors.ts';

/** The refusal of what takes a fresh sign-in, with the challenge of RFC 9470. */
export class SignInAgain extends DomainError {
  /** How old a sign-in may be, in seconds. */
  readonly maxAge: number;

  constructor(maxAge: number) {
    super(
      'sign-in-again',
      `this changes who may get in, and takes a sign-in of the last ${maxAge / 60} minutes: sign in again at /sign-in/again`,
    );
    this.maxAge = maxAge;
  }
}
