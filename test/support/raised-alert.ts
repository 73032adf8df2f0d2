import { CLOCK } from '../../src/domain/access/actor.ts';
import { formatInstant } from '../../src/domain/schedule/instant.ts';
import { alertStream } from '../../src/features/circumvention/alert-store.ts';
import { record } from '../../src/journal/journal.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { newUlid } from '../../src/platform/ids.ts';
import { START } from './given.ts';

/** An alert of a tenant, about a record's access where one is named; answers its id. */
export async function raisedAlert(
  db: Database,
  tenantId: string,
  about?: { readonly exceptionId: string; readonly target: string },
): Promise<string> {
  const alertId = `ALT_${newUlid()}`;
  const target = about?.target ?? '/subscriptions/1';
  const subject = about
    ? { kind: 'circumvention' as const, exception_id: about.exceptionId }
    : { kind: 'outside-register' as const };
  await db.inSystem(async (tx) => {
    const data = {
      ...subject,
      ...{ connection: 'azure', log: 'activity-log' as const, event_id: alertId },
      ...{ correlation_id: alertId, operation: 'write', resource_id: `${target}/x` },
      ...{ done_at: formatInstant(START), by: { upn: 'somebody@example.com' } },
      access: { kind: 'role-assignment', target },
    };
    record(tx, alertStream, [
      {
        ...{ tenantId, streamId: alertId, before: undefined, at: await tx.now, actor: CLOCK },
        events: [{ type: 'AlertRaised', data }],
      },
    ]);
  });
  return alertId;
}
