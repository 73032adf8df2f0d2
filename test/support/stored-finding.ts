import { CLOCK } from '../../src/domain/access/actor.ts';
import { FULL_CLEARANCE } from '../../src/domain/access/clearance.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { findingStream } from '../../src/features/reconciliation/finding-store.ts';
import { record } from '../../src/journal/journal.ts';
import { newUlid } from '../../src/platform/ids.ts';
import type { TestApi } from './test-api.ts';

/** Writes a finding that waits for an answer, as a comparison would; answers its id. */
export async function openFinding(
  { register, tenantId }: Pick<TestApi, 'register' | 'tenantId'>,
  about: { readonly exceptionId?: string } = {},
): Promise<string> {
  const streamId = `FND_${newUlid()}`;
  await register.db.inTenant({ tenantId, clearance: FULL_CLEARANCE }, async (tx) => {
    const at = await tx.now;
    const data = {
      kind: 'unregistered' as const,
      spec: { kind: 'vpn-account', target: `the gateway of ${streamId}` },
      details: ['no exception lists it'],
      ...{ connection: 'work', scope: '', owner: 'platform', reconciliation_id: 'RCN_1' },
      ...(about.exceptionId === undefined ? {} : { exception_id: about.exceptionId }),
      due_at: formatInstant(at + 7 * DAY),
    };
    const events = [{ type: 'FindingOpened' as const, data }];
    record(tx, findingStream, [
      { tenantId, streamId, before: undefined, events, at, actor: CLOCK },
    ]);
  });
  return streamId;
}
