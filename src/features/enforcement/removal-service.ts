import type { Principal } from '../../domain/access/principal.ts';
import type { GrantState } from '../../domain/enforcement/grant.ts';
import type { GrantEvent } from '../../domain/enforcement/grant-events.ts';
import { DomainError } from '../../domain/errors.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { type GrantColumns, grantOf, grantStream } from './grant-store.ts';

interface Services {
  readonly db: Database;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
}

/** A person's word that what was granted is gone, with what shows it. */
export interface Attestation {
  readonly statement: string;
  /** At least one. */
  readonly links: readonly string[];
}

/** What people do about removals that Lapse could not do. */
export class RemovalService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /**
   * Ends a removal task by a person's word; refuses one that has ended with `wrong-state`. The record
   * closes once the last of its grants is gone.
   */
  attest(
    { tenantId, actor, clearance }: Principal,
    taskId: string,
    { statement, links }: Attestation,
    idempotency?: IdempotentRequest,
  ): Promise<GrantState> {
    const { db, assertWritable } = this.#services;
    return db.inTenant({ tenantId, clearance }, async (tx) => {
      const [before, found] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockByTask(tx, tenantId, taskId),
        assertWritable(tx, tenantId),
      ]);
      if (!found) throw new DomainError('not-found', `there is no removal task ${taskId}`);
      if (before) return found.state;
      if (found.state.task?.ended) {
        const { how } = found.state.task.ended;
        throw new DomainError('wrong-state', `the task ${taskId} has ended: ${how}`);
      }
      const at = await tx.now;
      const events: GrantEvent[] = [
        { type: 'RemovalAttested', data: { task_id: taskId, statement, links } },
      ];
      const [change] = record(tx, grantStream, [
        { tenantId, streamId: found.id, before: found, events, at, actor },
      ]);
      if (!change) throw new Error('an attestation has no event');
      // The loop tells the record, once the last of its grants is gone.
      tx.atCommit(
        `UPDATE lapse.grant_work SET next_due_at = to_timestamp($3::double precision / 1000)
         WHERE tenant_id = $1 AND grant_id = $2`,
        [tenantId, found.id, at],
      );
      const reference = { type: 'grant', id: found.id, version: change.version };
      remember(tx, tenantId, idempotency, { status: 200, reference, at });
      return change.state;
    });
  }
}

/** The grant of a task, locked as the loop locks it: its row of work first. */
async function lockByTask(tx: Transaction, tenantId: string, taskId: string) {
  const [place] = await tx.query<{ grant_id: string }>(
    `SELECT w.grant_id FROM lapse.grants g
     JOIN lapse.grant_work w ON w.tenant_id = g.tenant_id AND w.grant_id = g.grant_id
     WHERE g.tenant_id = $1 AND g.task_id = $2 FOR UPDATE OF w`,
    [tenantId, taskId],
  );
  if (!place) return undefined;
  const [row] = await tx.query<GrantColumns>(
    `SELECT tenant_id, grant_id, version, state FROM lapse.grants
     WHERE tenant_id = $1 AND task_id = $2 FOR UPDATE`,
    [tenantId, taskId],
  );
  return row && grantOf(row);
}
