import { dataOf } from '@lapse/client';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine } from '../terminal/output.ts';

/** `lapse passkeys move` */
export async function movePasskeys({
  reason,
  json,
}: {
  readonly reason: string;
  readonly json?: boolean;
}): Promise<void> {
  const party = await dataOf(connect().POST('/v1/passkeys/move', { body: { reason } }));
  if (json) return printJson(party);
  print(`passkeys belong to ${safeLine(party.origins.join(', '))} from now on`);
  remark('Those of another domain sign nothing any more: people register new ones at /passkeys.');
}
