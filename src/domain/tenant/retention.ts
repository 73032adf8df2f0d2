import { DomainError } from '../errors.ts';
import { addDuration, parseDuration } from '../schedule/duration.ts';
import { DAY, formatInstant } from '../schedule/instant.ts';

/** How long a deletion that was ordered can still be called off. */
export const DELETION_NOTICE = 30 * DAY;

/** What decides whether a tenant may be deleted. Instants are epoch milliseconds. */
export interface RetentionFacts {
  /** Records that have not ended. */
  readonly open: number;
  /** When the last record ended; undefined where none has. */
  readonly lastEndedAt: number | undefined;
  /** How long the tenant's policy has records kept (its `retention.keep`, ISO 8601). */
  readonly keep: string;
  readonly now: number;
}

/**
 * Refuses to delete what has to be kept (000 section 4, Audit: seven years). The policy's time counts
 * from the end of the last record; a tenant without any record keeps nothing.
 */
export function assertRetentionOver({ open, lastEndedAt, keep, now }: RetentionFacts): void {
  if (open > 0) {
    throw refused(
      `${open} ${open === 1 ? 'record has' : 'records have'} not ended; what has ended is kept for ${keep} (retention.keep of the tenant's policy)`,
    );
  }
  const duration = parseDuration(keep);
  if (!duration) throw refused(`the policy's retention.keep is no duration: ${keep}`);
  if (lastEndedAt === undefined) return;
  const until = addDuration(lastEndedAt, duration);
  if (until <= now) return;
  throw refused(
    `its last record ended on ${formatInstant(lastEndedAt)} and is kept for ${keep} (retention.keep of the tenant's policy), until ${formatInstant(until)}`,
  );
}

function refused(why: string): DomainError {
  return new DomainError(
    'wrong-state',
    `the tenant may not be deleted yet: ${why}; \`lapse tenant delete --before-retention\` on the server's own machine does not wait`,
  );
}
