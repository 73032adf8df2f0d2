const MARK = 'Lapse ';
const GRANT = 'GRT_[0-9A-Z]{26}-\\d{1,3}';

/** What says in the cloud that Lapse put something there, and for which grant. */
export function markFor(grantId: string): string {
  return `${MARK}${grantId}`;
}

/** The grant that a text is marked for. */
export function markIn(text: string | null | undefined): string | undefined {
  return new RegExp(`^${MARK}(${GRANT})\\b`).exec(text ?? '')?.[1];
}
