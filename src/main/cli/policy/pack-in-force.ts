import { dataOf, type LapseClient } from '@lapse/client';

/** The pack of a tenant that is in force now, with its version for `If-Match`. */
export function packInForce(client: LapseClient) {
  return dataOf(client.GET('/v1/policy'));
}
