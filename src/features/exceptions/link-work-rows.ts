import { unreadLinks } from '../../domain/exception/link-reading.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

type Change = StreamChange<ExceptionState>;

/** Whether links of an archived record are still to be read: it has a row of `exception_link_work`. */
export function hasLinkWork(state: ExceptionState): boolean {
  return unreadLinks(state).length > 0;
}

/** Queues the rows of records whose links are to be read, and takes away those whose links were. */
export function writeLinkWork(tx: Transaction, changes: readonly Change[]): void {
  const before = ({ previous }: Change) => previous !== undefined && hasLinkWork(previous);
  const begun = changes.filter((change) => hasLinkWork(change.state) && !before(change));
  const done = changes.filter((change) => !hasLinkWork(change.state) && before(change));
  if (begun.length > 0) {
    tx.atCommit(
      `INSERT INTO lapse.exception_link_work (tenant_id, exception_id, next_at)
       SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])`,
      [...keys(begun), begun.map(({ state }) => formatInstant(state.updated_at))],
    );
  }
  if (done.length > 0) {
    tx.atCommit(
      `DELETE FROM lapse.exception_link_work w USING unnest($1::text[], $2::text[]) AS r(tenant_id, exception_id)
       WHERE w.tenant_id = r.tenant_id AND w.exception_id = r.exception_id`,
      keys(done),
    );
  }
}

function keys(changes: readonly Change[]): [string[], string[]] {
  return [changes.map(({ tenantId }) => tenantId), changes.map(({ id }) => id)];
}
