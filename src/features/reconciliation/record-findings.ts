import { CLOCK } from '../../domain/access/actor.ts';
import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import type { Discrepancy } from '../../domain/reconciliation/compare.ts';
import type { FindingState } from '../../domain/reconciliation/finding.ts';
import type { FindingEvent } from '../../domain/reconciliation/finding-events.ts';
import {
  foundAgain,
  openFinding,
  reopenFinding,
} from '../../domain/reconciliation/finding-steps.ts';
import { type Append, record } from '../../journal/journal.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { findingStream, lockUnsolved } from './finding-store.ts';
import type { ReconciliationParts } from './reconciliation-parts.ts';

/** A comparison of a tenant. */
export interface RunPlace {
  readonly tenantId: string;
  readonly reconciliationId: string;
}

/** Something that was found, and where. */
export interface Found {
  readonly discrepancy: Discrepancy;
  readonly connection: string;
  readonly scope: string;
}

type Standing = 'new' | 'open' | 'solved';

/** How a finding stands in a report. */
export interface Entry {
  readonly findingId: string;
  readonly standing: Standing;
  readonly connection: string;
  readonly scope: string;
}

/**
 * Makes findings of what was found, and goes on with those that there are: one for each kind and access.
 * The row of the comparison must be locked: only so is the same never found twice at once.
 */
export async function recordFindings(
  tx: Transaction,
  parts: ReconciliationParts,
  { tenantId, reconciliationId }: RunPlace,
  found: readonly Found[],
): Promise<void> {
  if (found.length === 0) return;
  const now = await tx.now;
  const byKey = new Map(found.map((one) => [keyOf(one.discrepancy), one]));
  const known = await lockUnsolved(tx, tenantId, [
    ...new Set([...byKey.keys()].map((key) => key.split('/')[1] ?? '')),
  ]);
  const before = new Map(known.map((one) => [keyOf(one.state), one]));
  const isOver = await closedDrafts(tx, parts, tenantId, known);
  const appends: Append<FindingState, FindingEvent>[] = [];
  const entries: Entry[] = [];
  for (const [key, { discrepancy, connection, scope }] of byKey) {
    const stored = before.get(key);
    const findingId = stored?.id ?? `FND_${parts.newId()}`;
    const place = { connection, scope, reconciliationId };
    const events = stored
      ? [
          ...foundAgain(stored.state, discrepancy, reconciliationId),
          ...(isOver(stored.state)
            ? [reopenFinding(stored.state, 'the draft that it was adopted into is closed', now)]
            : []),
        ]
      : [openFinding(discrepancy, place, now)];
    appends.push({
      ...{ tenantId, streamId: findingId, before: stored, events },
      ...{ at: now, actor: CLOCK },
    });
    entries.push({ findingId, standing: stored ? 'open' : 'new', connection, scope });
  }
  record(tx, findingStream, appends);
  writeEntries(tx, { tenantId, reconciliationId }, entries);
}

/** Queues how findings stand in a report; the first word about each stays. */
export function writeEntries(
  tx: Transaction,
  { tenantId, reconciliationId }: RunPlace,
  entries: readonly Entry[],
): void {
  if (entries.length === 0) return;
  tx.atCommit(
    `INSERT INTO lapse.reconciliation_findings
       (tenant_id, reconciliation_id, finding_id, standing, connection, scope)
     SELECT $1, $2, r.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS r
     ON CONFLICT DO NOTHING`,
    [
      tenantId,
      reconciliationId,
      entries.map(({ findingId }) => findingId),
      entries.map(({ standing }) => standing),
      entries.map(({ connection }) => connection),
      entries.map(({ scope }) => scope),
    ],
  );
}

function keyOf({ kind, spec }: Pick<Discrepancy, 'kind' | 'spec'>): string {
  return `${kind}/${grantDigest(spec)}`;
}

/** Tells findings that were adopted into a draft which came to nothing. */
async function closedDrafts(
  tx: Transaction,
  { recordsOf }: ReconciliationParts,
  tenantId: string,
  known: readonly StreamState<FindingState>[],
): Promise<(finding: FindingState) => boolean> {
  const adopted = known.flatMap(({ state: { answer } }) =>
    answer?.kind === 'adopt' ? [{ tenantId, exceptionId: answer.exception_id }] : [],
  );
  const records = adopted.length > 0 ? await recordsOf(tx, adopted) : new Map();
  return ({ answer }) => {
    if (answer?.kind !== 'adopt') return false;
    const status = records.get(`${tenantId}/${answer.exception_id}`)?.status;
    return status === undefined || status === 'Closed' || status === 'Archived';
  };
}
