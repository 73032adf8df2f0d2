import { dataOf, type LapseClient, timedDataOf } from '@lapse/client';
import type { Policy } from '../../../domain/policy/policy.ts';

/** The pack of a tenant that is in force now, with its version for `If-Match`. */
export function packInForce(client: LapseClient) {
  return dataOf(client.GET('/v1/policy'));
}

/** The policy in force, and the server's time; NaN where its answer names none. */
export async function policyInForce(
  client: LapseClient,
): Promise<{ readonly policy: Policy; readonly now: number }> {
  const { data, now } = await timedDataOf(client.GET('/v1/policy'));
  return { policy: data.pack as Policy, now };
}
