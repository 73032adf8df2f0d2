import type { ClientConfig } from 'pg';
import { FULL_CLEARANCE } from '../domain/access/clearance.ts';
import { encodeBase64 } from '../domain/ledger/encoding.ts';
import { openSnapshot, type Snapshot } from '../platform/db/snapshot.ts';
import type { AnyStreamKind } from './stream.ts';
import { openNotes } from './verify-checkpoints.ts';
import { type EpochReport, reportOf, verifyEpochs } from './verify-epochs.ts';
import { type Finding, Findings } from './verify-findings.ts';
import type { SettledLedger } from './verify-settled.ts';
import { verifyStreams } from './verify-streams.ts';
import { verifyTree } from './verify-tree.ts';

/** How far verification is. */
export interface VerificationProgress {
  /** Entries checked. */
  readonly entries: number;
  /** Entries there are. */
  readonly total: number;
}

/** What verification found out. */
export interface VerificationResult {
  readonly ok: boolean;
  /** Leaves in the tree. */
  readonly size: number;
  /** RFC 6962 head over the envelopes, base64. */
  readonly root: string;
  /** Events checked, those not in the tree yet included. */
  readonly entries: number;
  readonly streams: number;
  /** Committed while verification began, and so not in the tree yet. */
  readonly pending: number;
  /** Entries whose payload went with its retention. No rule lets any go yet. */
  readonly retired: number;
  /** Signed checkpoints compared, in the database and outside. */
  readonly checkpoints: number;
  /** Every epoch that was opened after the first, in order: each gave up what had been signed. */
  readonly epochs: readonly EpochReport[];
  /** The lowest ledger index that fails; null where nothing fails, or nothing that has one. */
  readonly first_failing: number | null;
  /** Entries first, lowest index first; at most 100. */
  readonly findings: readonly Finding[];
  /** How many findings there are, those left out included. */
  readonly finding_count: number;
  readonly seconds: number;
}

/** What verification needs. */
export interface LedgerToVerify {
  /** How the application's login reaches the database. */
  readonly connection: ClientConfig;
  readonly tenantId: string;
  /** Every kind of stream that may be in the ledger. */
  readonly kinds: readonly AnyStreamKind[];
  readonly settled: SettledLedger;
  readonly onProgress?: (progress: VerificationProgress) => void;
}

/**
 * Verifies one tenant's ledger as it stands at this moment, while others go on writing: every entry,
 * the tree over them, whatever was signed, and the register that follows from them. What is wrong is
 * a finding and never an error.
 *
 * @throws Error where the database cannot be read.
 */
export async function verifyLedger(ledger: LedgerToVerify): Promise<VerificationResult> {
  const began = performance.now();
  // Whoever asks: what is found names places in the ledger, and no content.
  const events = await openSnapshot(ledger.connection, {
    tenantId: ledger.tenantId,
    clearance: FULL_CLEARANCE,
  });
  let rows: Snapshot | undefined;
  try {
    rows = await events.beside();
    const result = await verifySnapshot(events, rows, ledger);
    return { ...result, seconds: Math.round(performance.now() - began) / 1_000 };
  } finally {
    await rows?.close();
    await events.close();
  }
}

/**
 * As `verifyLedger`, in snapshots that the caller has opened: the second sees what the first does.
 */
export async function verifySnapshot(
  events: Snapshot,
  rows: Snapshot,
  { tenantId, kinds, settled, onProgress = () => {} }: Omit<LedgerToVerify, 'connection'>,
): Promise<Omit<VerificationResult, 'seconds'>> {
  const findings = new Findings();
  const total = await countEvents(rows, tenantId);
  onProgress({ entries: 0, total });
  if (settled.problem !== undefined) {
    const message = `the sequencer could not take in what is committed: ${settled.problem}`;
    findings.add({ code: 'sequencing-failed', message });
  }
  const streams = await verifyStreams(events, rows, {
    tenantId,
    kinds,
    waitedBefore: new Set(settled.waitedBefore),
    findings,
    onEntries: (entries) => onProgress({ entries, total }),
  });
  const ledger = await verifyEpochs(rows, tenantId, findings);
  const outside = await openNotes(settled.outside, ledger, findings);
  const { otherLeaves } = streams;
  const tree = await verifyTree(rows, { tenantId, ledger, outside, otherLeaves, findings });
  return {
    ok: findings.count === 0,
    size: tree.size,
    root: encodeBase64(tree.root),
    entries: streams.entries,
    streams: streams.streams,
    pending: streams.pending,
    retired: 0,
    checkpoints: tree.checkpoints,
    epochs: ledger.claimed.map(reportOf),
    first_failing: findings.firstIndex() ?? null,
    findings: findings.list(),
    finding_count: findings.count,
  };
}

async function countEvents(reader: Snapshot, tenantId: string): Promise<number> {
  const [row] = await reader.query<{ count: number }>(
    'SELECT count(*) FROM lapse.events WHERE tenant_id = $1',
    [tenantId],
  );
  return row?.count ?? 0;
}
