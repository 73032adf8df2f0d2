import { scopesOf } from '../../domain/reconciliation/scopes.ts';
import type { ConnectionPlace, ReconciliationParts } from './reconciliation-parts.ts';

const PROBE_MS = 30_000;

/**
 * Tries connections that fail, so that it is known when an outage is over although nothing is due;
 * answers how many were tried.
 */
export async function probeConnections(
  parts: ReconciliationParts,
  signal: AbortSignal,
): Promise<number> {
  const { db, health } = parts;
  const places = await db.inSystem((tx) => health.claimProbes(tx));
  for (const place of places) {
    const failure = await tryOne(parts, place, signal);
    await db.inSystem((tx) =>
      failure === undefined ? health.worked(tx, place) : health.failed(tx, place, failure),
    );
  }
  return places.length;
}

/** Why nothing of a connection can be listed; `undefined` where something can. */
async function tryOne(
  { db, grants, connectionsOf, connectorFor }: ReconciliationParts,
  { tenantId, connection }: ConnectionPlace,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { reached, places } = await db.inSystem(async (tx) => ({
    reached: (await connectionsOf(tx, [tenantId])).find(({ state }) => state.name === connection),
    places: await grants.places(tx, tenantId),
  }));
  // What is not in use any more does not fail.
  if (!reached?.state.active) return undefined;
  const within = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
  let failure: string | undefined;
  for (const { scope, kinds } of scopesOf(reached.state.settings, places)) {
    for (const kind of kinds) {
      try {
        const connector = await connectorFor(reached, kind);
        if (!connector) continue;
        for await (const _ of connector.list(scope, within)) break;
        return undefined;
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return failure;
}
