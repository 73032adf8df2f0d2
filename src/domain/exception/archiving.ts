import { addText } from '../policy/evaluate.ts';
import type { Policy } from '../policy/policy.ts';
import { formatInstant, type Instant } from '../schedule/instant.ts';

/** When a record that is closed at `now` will be archived. */
export function archivesAt(now: Instant, policy: Policy): string {
  return formatInstant(addText(now, policy.archive_after));
}
