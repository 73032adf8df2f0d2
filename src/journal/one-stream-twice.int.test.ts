import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestRegister, type TestRegister } from '../../test/support/test-register.ts';
import { CLOCK } from '../domain/access/actor.ts';
import type { TenantEvent } from '../domain/tenant/tenant-life.ts';
import { readStanding, tenantStream } from '../features/tenants/tenant-stream.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import { newUlid } from '../platform/ids.ts';
import { record } from './journal.ts';

let register: TestRegister;
beforeAll(async () => {
  register = await createTestRegister();
});
afterAll(() => register.drop());

test('of two transactions that both found a stream new, the later runs again and finds it there', async () => {
  const { db, tenantId } = register;
  const subject = newUlid();
  const bothHaveRead = Promise.withResolvers<void>();
  let reads = 0;
  const suspendOnce = async (tx: Transaction): Promise<boolean> => {
    const before = await readStanding(tx, tenantId, subject);
    reads += 1;
    if (reads === 2) bothHaveRead.resolve();
    await bothHaveRead.promise;
    if (before) return false;
    const events: TenantEvent[] = [{ type: 'TenantSuspended', data: { reason: 'an audit' } }];
    const at = await tx.now;
    record(tx, tenantStream, [
      { tenantId, streamId: subject, before: undefined, events, at, actor: CLOCK },
    ]);
    return true;
  };
  const both = [1, 2].map(() => db.inSystem(suspendOnce));
  expect((await Promise.all(both)).toSorted()).toEqual([false, true]);
  expect(reads).toBe(3);
});
