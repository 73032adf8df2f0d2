import type { CloudGrant } from '../../domain/enforcement/connector.ts';
import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import { compareListed, type RegisteredGrant } from '../../domain/reconciliation/compare.ts';
import { MINUTE } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { BATCH_SIZE } from '../../platform/due/due-loop.ts';
import type { ReachedConnection, ReconciliationParts } from './reconciliation-parts.ts';
import { type Found, type RunPlace, recordFindings } from './record-findings.ts';

const SCOPES_AT_ONCE = 4;
/** How long a claim lasts without a word of whoever has it. */
const LEASE = 5 * MINUTE;
/** Pauses after a list that failed; after the last it stays incomplete. */
const PAUSES = [MINUTE, 5 * MINUTE];

/** A scope that this worker lists. */
export interface ClaimedScope extends RunPlace {
  readonly connection: string;
  readonly scope: string;
  readonly kinds: readonly string[];
  readonly attempts: number;
  readonly claimId: string;
  readonly reached: ReachedConnection | undefined;
}

/** Takes scopes that wait to be listed. */
export async function claimScopes(
  tx: Transaction,
  parts: ReconciliationParts,
): Promise<ClaimedScope[]> {
  const now = await tx.now;
  const claimId = parts.newId();
  const rows = await tx.query<{
    tenant_id: string;
    reconciliation_id: string;
    connection: string;
    scope: string;
    kinds: string[];
    attempts: number;
  }>(
    `UPDATE lapse.reconciliation_scopes s SET claim_id = $2, attempts = s.attempts + 1, checked = 0,
       next_due_at = to_timestamp($3::double precision / 1000)
     FROM (
       SELECT tenant_id, reconciliation_id, connection, scope FROM lapse.reconciliation_scopes
       WHERE state = 'waiting' AND next_due_at <= to_timestamp($1::double precision / 1000)
       ORDER BY next_due_at LIMIT ${SCOPES_AT_ONCE} FOR UPDATE SKIP LOCKED) AS d
     WHERE s.tenant_id = d.tenant_id AND s.reconciliation_id = d.reconciliation_id
       AND s.connection = d.connection AND s.scope = d.scope
     RETURNING s.tenant_id, s.reconciliation_id, s.connection, s.scope, s.kinds, s.attempts`,
    [now, claimId, now + LEASE],
  );
  if (rows.length === 0) return [];
  const connections = await parts.connectionsOf(tx, [...new Set(rows.map((row) => row.tenant_id))]);
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    reconciliationId: row.reconciliation_id,
    connection: row.connection,
    scope: row.scope,
    kinds: row.kinds,
    attempts: row.attempts,
    claimId,
    reached: connections.find(
      ({ tenantId, state }) =>
        tenantId === row.tenant_id && state.name === row.connection && state.active,
    ),
  }));
}

/**
 * Lists a scope and compares it batch by batch, so that what is in memory does not grow with it. What a
 * list that fails has not shown is not said to be missing: its kind does not count as read.
 */
export async function listScope(
  parts: ReconciliationParts,
  claim: ClaimedScope,
  signal: AbortSignal,
): Promise<void> {
  const { db, connectorFor } = parts;
  const { reached, scope } = claim;
  const read: string[] = [];
  const failures: string[] = [];
  let checked = 0;
  if (!reached) failures.push('the connection is not in use any more');
  for (const kind of reached ? claim.kinds : []) {
    try {
      const connector = await connectorFor(reached as ReachedConnection, kind).catch(failedList);
      // Nothing lists it yet, so that nothing is said of it.
      if (!connector) continue;
      for await (const batch of batches(connector.list(scope, signal))) {
        checked += batch.length;
        const isOurs = await db.inSystem((tx) => compareBatch(tx, parts, claim, batch, checked));
        if (!isOurs) return;
      }
      read.push(kind);
    } catch (error) {
      if (signal.aborted || !(error instanceof ListFailure)) throw error;
      failures.push(`${kind}: ${error.message}`);
    }
  }
  await db.inSystem((tx) => recordListing(tx, parts, claim, { read, failures, checked }));
}

/** A cloud that did not give its list, or not all of it. */
class ListFailure extends Error {}

function failedList(error: unknown): never {
  throw new ListFailure(error instanceof Error ? error.message : String(error));
}

/** What a list gives, so many at a time. */
async function* batches(list: AsyncIterable<CloudGrant>): AsyncGenerator<CloudGrant[], void> {
  const iterator = list[Symbol.asyncIterator]();
  let batch: CloudGrant[] = [];
  let isOver = false;
  try {
    for (;;) {
      const next = await iterator.next().catch(failedList);
      isOver = next.done === true;
      if (next.done) break;
      batch.push(next.value);
      if (batch.length === BATCH_SIZE) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } catch (error) {
    isOver = true;
    // What was read before the list broke off is there all the same.
    if (error instanceof ListFailure && batch.length > 0) yield batch;
    throw error;
  } finally {
    if (!isOver) await iterator.return?.();
  }
}

/** Compares some of a list with the register; `false` where another worker has taken the scope over. */
async function compareBatch(
  tx: Transaction,
  parts: ReconciliationParts,
  claim: ClaimedScope,
  batch: readonly CloudGrant[],
  checked: number,
): Promise<boolean> {
  const now = await tx.now;
  if (!(await keepClaim(tx, claim, checked, now))) return false;
  const { tenantId, reconciliationId, connection, scope } = claim;
  const digests = batch.map(({ spec }) => grantDigest(spec));
  const same = Map.groupBy(
    await parts.grants.find(tx, tenantId, { digests, marks: [], subjects: [] }),
    ({ spec }) => grantDigest(spec),
  );
  const strange = batch.filter((_, index) => !same.has(digests[index] ?? ''));
  const relatives = await relativesOf(tx, parts, tenantId, strange);
  const found: Found[] = batch.flatMap((cloud, index) =>
    compareListed(cloud, same.get(digests[index] ?? '') ?? [], relatives(cloud), now).map(
      (discrepancy) => ({ discrepancy, connection, scope }),
    ),
  );
  const listed = [...same.values()].flat().map(({ grantId }) => grantId);
  parts.grants.markListed(tx, tenantId, reconciliationId, listed);
  await recordFindings(tx, parts, claim, found);
  return true;
}

/** What things that the register does not know may have come from. */
async function relativesOf(
  tx: Transaction,
  { grants }: ReconciliationParts,
  tenantId: string,
  strange: readonly CloudGrant[],
): Promise<(cloud: CloudGrant) => RegisteredGrant[]> {
  const marks = strange.flatMap(({ markedFor }) => markedFor ?? []);
  const subjects = [...new Set(strange.flatMap(({ spec }) => subjectOf(spec) ?? []))];
  if (marks.length + subjects.length === 0) return () => [];
  const found = await grants.find(tx, tenantId, { digests: [], marks, subjects });
  const bySubject = Map.groupBy(found, ({ spec }) => subjectOf(spec));
  const byId = new Map(found.map((grant) => [grant.grantId, grant]));
  return ({ spec, markedFor }) => {
    const marked = markedFor === undefined ? undefined : byId.get(markedFor);
    const subject = subjectOf(spec);
    const others = subject === undefined ? [] : (bySubject.get(subject) ?? []);
    return marked ? [marked, ...others] : others;
  };
}

function subjectOf({ subject }: CloudGrant['spec']): string | undefined {
  return subject?.trim().toLowerCase();
}

/** Holds on to a scope and to its comparison, whose row lets one batch be compared at a time. */
async function keepClaim(
  tx: Transaction,
  claim: ClaimedScope,
  checked: number,
  now: number,
): Promise<boolean> {
  const { tenantId, reconciliationId, connection, scope, claimId } = claim;
  const [, kept] = await Promise.all([
    tx.query(
      `SELECT FROM lapse.reconciliations WHERE tenant_id = $1 AND reconciliation_id = $2 FOR UPDATE`,
      [tenantId, reconciliationId],
    ),
    tx.query(
      `UPDATE lapse.reconciliation_scopes SET next_due_at = to_timestamp($6::double precision / 1000), checked = $7
       WHERE tenant_id = $1 AND reconciliation_id = $2 AND connection = $3 AND scope = $4
         AND claim_id = $5 AND state = 'waiting' RETURNING scope`,
      [tenantId, reconciliationId, connection, scope, claimId, now + LEASE, checked],
    ),
  ]);
  return kept.length > 0;
}

async function recordListing(
  tx: Transaction,
  { health }: ReconciliationParts,
  claim: ClaimedScope,
  { read, failures, checked }: { read: string[]; failures: string[]; checked: number },
): Promise<void> {
  const now = await tx.now;
  const { tenantId, reconciliationId, connection, scope, claimId, attempts } = claim;
  const pause = claim.reached ? PAUSES[attempts - 1] : undefined;
  const isRead = failures.length === 0;
  const state = isRead ? 'read' : pause === undefined ? 'incomplete' : 'waiting';
  const message = failures.join('; ').slice(0, 2_000);
  tx.atCommit(
    `UPDATE lapse.reconciliation_scopes SET state = $6, read_kinds = $7, message = $8, checked = $9,
       next_due_at = to_timestamp($10::double precision / 1000)
     WHERE tenant_id = $1 AND reconciliation_id = $2 AND connection = $3 AND scope = $4 AND claim_id = $5`,
    [
      ...[tenantId, reconciliationId, connection, scope, claimId],
      ...[state, read, isRead ? null : message, checked, now + (pause ?? 0)],
    ],
  );
  if (!claim.reached) return;
  if (isRead || read.length > 0) await health.worked(tx, { tenantId, connection });
  else await health.failed(tx, { tenantId, connection }, message);
}
