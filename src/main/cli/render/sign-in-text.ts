import { safeLine } from '../terminal/output.ts';

interface SignIn {
  readonly issuer?: string | undefined;
}

/** How somebody had signed in, after their name; nothing of a token. */
export function signInText(signedIn: SignIn | undefined): string {
  if (!signedIn) return '';
  return `, signed in ${signedIn.issuer ? `through ${safeLine(signedIn.issuer)}` : 'by a one-time link'}`;
}
