import type pg from 'pg';
import { openCheckpoint } from '../../src/domain/ledger/checkpoint.ts';
import { leafHash } from '../../src/domain/ledger/hash.ts';
import { MerkleFrontier } from '../../src/domain/ledger/merkle-frontier.ts';
import { noteKeyId } from '../../src/domain/ledger/verifier-key.ts';
import type { CheckpointStore } from '../../src/journal/checkpoint-store.ts';
import { nativeSha256 } from '../../src/journal/event-codec.ts';
import { verifyEd25519 } from '../../src/journal/note-signature.ts';

/** How the ledger of a tenant stands beside its events, worked out from the envelopes alone. */
export async function ledgerState(
  admin: pg.Client,
  tenantId: string,
  checkpoints: CheckpointStore,
) {
  const { rows: leaves } = await admin.query<{ ledger_index: string; envelope: Buffer }>(
    `SELECT ledger_index, envelope FROM lapse.ledger_leaves JOIN lapse.events USING (tenant_id, stream_type, stream_id, version)
     WHERE tenant_id = $1 ORDER BY ledger_index`,
    [tenantId],
  );
  const { rows: counts } = await admin.query(
    `SELECT (SELECT count(*)::int FROM lapse.events WHERE tenant_id = $1) AS events,
       (SELECT count(*)::int FROM lapse.ledger_leaves WHERE tenant_id = $1) AS leaves,
       (SELECT count(DISTINCT (stream_type, stream_id, version))::int FROM lapse.ledger_leaves WHERE tenant_id = $1) AS different,
       (SELECT count(*)::int FROM lapse.ledger_pending WHERE tenant_id = $1) AS pending`,
    [tenantId],
  );
  const { rows: keys } = await admin.query<{ origin: string; public_key: Buffer }>(
    'SELECT origin, public_key FROM lapse.ledger_keys WHERE tenant_id = $1',
    [tenantId],
  );
  const [{ origin, public_key: publicKey }] = keys as [{ origin: string; public_key: Buffer }];
  const trusted = {
    origin,
    keys: [{ name: origin, keyId: noteKeyId(origin, publicKey), publicKey }],
  };
  const tree = MerkleFrontier.empty(nativeSha256);
  for (const { envelope } of leaves) tree.append(leafHash(envelope, nativeSha256));
  const note = (await checkpoints.newest(tenantId)) ?? '';
  const { size, root } = await openCheckpoint(note, trusted, verifyEd25519);
  return {
    ...(counts[0] as { events: number; leaves: number; different: number; pending: number }),
    gapless: leaves.every(({ ledger_index }, index) => Number(ledger_index) === index),
    signed: size,
    rootsAgree: Buffer.compare(root, tree.root()) === 0,
  };
}

/** What `ledgerState` says of a ledger that holds every event once, signed. */
export function wholeLedger(events: number) {
  return {
    events,
    leaves: events,
    different: events,
    pending: 0,
    gapless: true,
    signed: events,
    rootsAgree: true,
  };
}
