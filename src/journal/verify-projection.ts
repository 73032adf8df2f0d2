import type { Snapshot } from '../platform/db/snapshot.ts';
import type { AnyStreamKind } from './stream.ts';
import { type Findings, KEPT_FINDINGS } from './verify-findings.ts';
import type { FoldedStream } from './verify-stream-fold.ts';

/** Compares what folding gave with the rows that are stored, all columns and children of them. */
export async function compareProjections(
  reader: Snapshot,
  tenantId: string,
  folded: readonly FoldedStream[],
  findings: Findings,
): Promise<void> {
  for (const [kind, streams] of Map.groupBy(folded, (stream) => stream.kind)) {
    const ids = streams.map(({ state }) => state.id);
    const rows = new Map<string, unknown>();
    for (const row of await kind.readStored(reader, tenantId, ids)) rows.set(row.id, row.columns);
    for (const { state } of streams) {
      const stream = `${kind.type}:${state.id}`;
      const { version } = state;
      const stored = rows.get(state.id);
      if (stored === undefined) {
        const message = 'the events are there, but the row that follows from them is not';
        findings.add({ code: 'projection-missing', message, stream, version });
        continue;
      }
      const message = difference(kind, state, stored);
      if (message) findings.add({ code: 'projection-mismatch', message, stream, version });
    }
  }
}

function difference(
  kind: AnyStreamKind,
  state: FoldedStream['state'],
  stored: unknown,
): string | undefined {
  try {
    const expected = kind.project(state);
    if (isSameJson(expected, stored)) return undefined;
    const names = differingKeys(expected, stored);
    return `the row is not what its events give: ${names.join(', ') || 'all of it'}`;
  } catch (error) {
    return `no row follows from the events: ${error instanceof Error ? error.message : error}`;
  }
}

/** Rows, children and due rows of records that have no events at all. */
export async function findStrays(
  reader: Snapshot,
  tenantId: string,
  kinds: readonly AnyStreamKind[],
  findings: Findings,
): Promise<void> {
  for (const kind of kinds) {
    for (const { table, id } of kind.tables) {
      const strays = await reader.query<{ id: string }>(
        `SELECT DISTINCT x.${id} AS id FROM lapse.${table} x
         WHERE x.tenant_id = $1 AND NOT EXISTS (
           SELECT FROM lapse.events e WHERE e.tenant_id = $1 AND e.stream_type = $2 AND e.stream_id = x.${id})
         ORDER BY 1 LIMIT ${KEPT_FINDINGS}`,
        [tenantId, kind.type],
      );
      for (const stray of strays) {
        const message = `a row of ${table} has no events that it could follow from`;
        const stream = `${kind.type}:${stray.id}`;
        findings.add({ code: 'projection-stray', message, stream });
      }
    }
  }
}

/** Compares what was counted in the transactions of the changes with the rows, counted anew. */
export async function compareCounters(
  reader: Snapshot,
  tenantId: string,
  kinds: readonly AnyStreamKind[],
  findings: Findings,
): Promise<void> {
  for (const kind of kinds) {
    const differences = (await kind.miscounted?.(reader, tenantId, KEPT_FINDINGS)) ?? [];
    for (const message of differences) findings.add({ code: 'counter-mismatch', message });
  }
}

/** Whether two values are the same JSON; a key that is undefined is as good as absent. */
function isSameJson(expected: unknown, stored: unknown): boolean {
  if (expected === stored) return true;
  if (typeof expected !== 'object' || typeof stored !== 'object') return false;
  if (expected === null || stored === null) return false;
  if (Array.isArray(expected)) {
    if (!Array.isArray(stored) || stored.length !== expected.length) return false;
    for (let at = 0; at < expected.length; at += 1) {
      if (!isSameJson(expected[at], stored[at])) return false;
    }
    return true;
  }
  return !Array.isArray(stored) && hasSameKeys(expected as Json, stored as Json);
}

type Json = Readonly<Record<string, unknown>>;

function hasSameKeys(expected: Json, stored: Json): boolean {
  // Counted by `for in`: Object.keys makes an array of each object, and takes a fifth longer.
  let left = 0;
  for (const _ in stored) left += 1;
  for (const key in expected) {
    const value = expected[key];
    if (value === undefined) continue;
    if (!isSameJson(value, stored[key])) return false;
    left -= 1;
  }
  return left === 0;
}

function differingKeys(expected: unknown, stored: unknown): string[] {
  if (typeof expected !== 'object' || typeof stored !== 'object' || !expected || !stored) return [];
  const keys = new Set([...Object.keys(expected), ...Object.keys(stored)]);
  return [...keys].filter((key) => !isSameJson((expected as Json)[key], (stored as Json)[key]));
}
