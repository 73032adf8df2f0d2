import { monotonicFactory } from 'ulid';
import type { Actor } from '../../domain/access/actor.ts';
import { decide } from '../../domain/exception/decide.ts';
import { isRefusal } from '../../domain/exception/decision.ts';
import type { Claims } from '../../domain/exception/events.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { exceptionStream } from './exception-store.ts';

/** One record to be drafted, by an import for instance. */
export interface NewDraft {
  /** An id that no record of the tenant has; without one Lapse makes it. */
  readonly exceptionId?: string | undefined;
  readonly fields: ExceptionFields;
  readonly claims?: Claims | undefined;
}

/** Monotonic, so that records which are made together stand in the order in which they came. */
const nextId = monotonicFactory();

/**
 * Makes drafts, set-based, in a transaction that is under way; answers their ids in the same order.
 * Throws the refusal of the first that cannot be drafted, and then nothing was queued.
 */
export async function draftAll(
  tx: Transaction,
  policy: Policy,
  tenantId: string,
  actor: Actor,
  drafts: readonly NewDraft[],
): Promise<string[]> {
  const now = await tx.now;
  const appends = drafts.map(({ exceptionId, fields, claims }) => {
    const command = { type: 'DraftException' as const, fields, ...(claims ? { claims } : {}) };
    const events = decide(undefined, command, { now, actor, policy, tenantId });
    if (isRefusal(events)) throw events;
    const streamId = exceptionId ?? `EXC_${nextId()}`;
    return { tenantId, streamId, before: undefined, events, at: now, actor };
  });
  record(tx, exceptionStream, appends);
  return appends.map((append) => append.streamId);
}

/** Which of the ids are records of the tenant, whoever may see them: the ledger tells ids to all. */
export async function existingIds(
  tx: Transaction,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await tx.query<{ stream_id: string }>(
    `SELECT stream_id FROM lapse.events
     WHERE tenant_id = $1 AND stream_type = $3 AND stream_id = ANY($2) AND version = 1`,
    [tenantId, [...ids], exceptionStream.type],
  );
  return new Set(rows.map((row) => row.stream_id));
}
