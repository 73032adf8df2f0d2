/** The lifecycle (DESIGN section 1). */
export const STATUSES = [
  'Draft',
  'Under-Review',
  'Approved',
  'Active',
  'Expiring',
  'Extended',
  'Expired',
  'Closed',
  'Archived',
] as const;
export type Status = (typeof STATUSES)[number];

/** Why a record was closed. */
export const CLOSED_REASONS = [
  'rejected',
  'withdrawn',
  'lapsed',
  'remediated',
  'expired',
  'revoked',
  'renewed',
] as const;
export type ClosedReason = (typeof CLOSED_REASONS)[number];

/** Statuses in which the exception may be in force; whether it is, its times decide. */
export const IN_FORCE: readonly Status[] = ['Active', 'Expiring', 'Extended'];
/** Open = Active, Expiring, Extended, Expired (DESIGN section 1). */
export const OPEN: readonly Status[] = [...IN_FORCE, 'Expired'];
