import type { RawRow, Snapshot } from '../platform/db/snapshot.ts';
import type { AnyStreamKind, ProjectedRow, ProjectionTable } from './stream.ts';
import { type Findings, KEPT_FINDINGS } from './verify-findings.ts';
import { isSameJsonText } from './verify-json.ts';
import type { FoldedStream } from './verify-stream-fold.ts';

/** JSON as text, which takes less memory than what it says. */
class JsonText {
  readonly text: string;

  constructor(value: object) {
    this.text = JSON.stringify(value);
  }
}

type ExpectedRow = readonly (string | null | JsonText)[];

/** A stream beside which its rows are laid, table by table. */
interface ExpectedStream {
  readonly kind: AnyStreamKind;
  readonly id: string;
  readonly version: number;
  /** Rows not found yet, for each table of the kind. */
  readonly rows: ExpectedRow[][];
  /** Names of columns, or of tables with several rows, that are not as they have to be. */
  readonly differing: Set<string>;
  isThere: boolean;
}

/** Compares what folding gave with the rows that are stored, all columns of all tables. */
export class ProjectionCheck {
  readonly #reader: Snapshot;
  readonly #tenantId: string;
  readonly #findings: Findings;
  #expected: ExpectedStream[] = [];
  /** Rows of streams that were compared, by table. */
  readonly #found = new Map<string, number>();

  constructor(reader: Snapshot, tenantId: string, findings: Findings) {
    this.#reader = reader;
    this.#tenantId = tenantId;
    this.#findings = findings;
  }

  /** Streams that wait for {@link compare}. */
  get waiting(): number {
    return this.#expected.length;
  }

  /** Takes a stream, whose rows follow from it at once. To be called in the order of the streams. */
  expect({ kind, state }: FoldedStream): void {
    const { id, version } = state;
    const place = { kind, id, version };
    try {
      const rows = kind.project(state).map((table) => table.map(expectedRow));
      this.#expected.push({ ...place, rows, differing: new Set(), isThere: false });
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      this.#mismatch(place, `no row follows from the events: ${why}`);
    }
  }

  /** Compares the streams that were taken so far; others may be taken meanwhile. */
  async compare(): Promise<void> {
    const taken = this.#expected;
    this.#expected = [];
    for (const [kind, streams] of Map.groupBy(taken, (stream) => stream.kind)) {
      const byId = new Map(streams.map((stream) => [stream.id, stream]));
      const range = [streams[0]?.id, streams.at(-1)?.id];
      for (const [at, table] of kind.tables.entries()) {
        await this.#reader.each(rowsOf(table), [this.#tenantId, ...range], (row) => {
          const stream = byId.get(row[0] ?? '');
          if (!stream) return;
          this.#found.set(table.table, (this.#found.get(table.table) ?? 0) + 1);
          if (at === 0) stream.isThere = true;
          lay(stream, at, row);
        });
      }
      for (const stream of streams) this.#conclude(stream);
    }
  }

  #conclude(stream: ExpectedStream): void {
    const { kind, id, version, rows, differing, isThere } = stream;
    if (!isThere) {
      const message = 'the events are there, but the row that follows from them is not';
      const place = { stream: `${kind.type}:${id}`, version };
      this.#findings.add({ code: 'projection-missing', message, ...place });
      return;
    }
    for (const [at, { table }] of kind.tables.entries())
      if (rows[at]?.length !== 0 && (at > 0 || differing.size === 0)) differing.add(table);
    if (differing.size === 0) return;
    this.#mismatch(stream, `the row is not what its events give: ${[...differing].join(', ')}`);
  }

  #mismatch(
    { kind, id, version }: Pick<ExpectedStream, 'kind' | 'id' | 'version'>,
    message: string,
  ): void {
    const place = { stream: `${kind.type}:${id}`, version };
    this.#findings.add({ code: 'projection-mismatch', message, ...place });
  }

  /** Rows of records that have no events at all; to be called when all streams were compared. */
  async findStrays(kinds: readonly AnyStreamKind[]): Promise<void> {
    for (const { tables, type } of kinds) {
      for (const table of tables) {
        const [stored] = await this.#reader.query<{ count: number }>(
          `SELECT count(*) FROM lapse.${table.table} WHERE tenant_id = $1`,
          [this.#tenantId],
        );
        // Where as many were compared as there are, none is left that could be astray.
        if (stored?.count !== (this.#found.get(table.table) ?? 0))
          await this.#nameStrays(table, type);
      }
    }
  }

  async #nameStrays({ table, id }: ProjectionTable, type: string): Promise<void> {
    const strays = await this.#reader.query<{ id: string }>(
      `SELECT DISTINCT x.${id} AS id FROM lapse.${table} x
       WHERE x.tenant_id = $1 AND NOT EXISTS (
         SELECT FROM lapse.events e WHERE e.tenant_id = $1 AND e.stream_type = $2 AND e.stream_id = x.${id})
       ORDER BY 1 LIMIT ${KEPT_FINDINGS}`,
      [this.#tenantId, type],
    );
    for (const stray of strays) {
      const message = `a row of ${table} has no events that it could follow from`;
      const stream = `${type}:${stray.id}`;
      this.#findings.add({ code: 'projection-stray', message, stream });
    }
  }
}

/** Compares what stands beside projections with what it has to be: counters, contents by digest. */
export async function compareBeside(
  reader: Snapshot,
  tenantId: string,
  kinds: readonly AnyStreamKind[],
  findings: Findings,
): Promise<void> {
  for (const kind of kinds) {
    const finding = await kind.compareBeside?.(reader, tenantId);
    if (finding) findings.add(finding);
  }
}

// A range, not a list of ids: those are looked up one by one, which takes several times as long.
function rowsOf({ table, id, columns }: ProjectionTable): string {
  return `SELECT ${[id, ...columns].join(', ')} FROM lapse.${table}
    WHERE tenant_id = $1 AND ${id} >= $2 AND ${id} <= $3 ORDER BY ${id}`;
}

function expectedRow(row: ProjectedRow): ExpectedRow {
  return row.map((value) =>
    typeof value === 'object' && value !== null ? new JsonText(value) : value,
  );
}

/** Takes the row that is found from those expected; what differs is noted where none is like it. */
function lay({ kind, rows, differing }: ExpectedStream, at: number, row: RawRow): void {
  const expected = rows[at] ?? [];
  const like = expected.findIndex((values) =>
    values.every((value, column) => isSame(value, row[column + 1])),
  );
  if (like >= 0) {
    expected.splice(like, 1);
    return;
  }
  const table = kind.tables[at];
  const [values] = expected;
  if (at > 0 || !values) differing.add(table?.table ?? '');
  else
    for (const [column, name] of (table?.columns ?? []).entries())
      if (!isSame(values[column], row[column + 1])) differing.add(name);
}

function isSame(value: ExpectedRow[number] | undefined, stored: string | null | undefined) {
  if (!(value instanceof JsonText)) return value === stored;
  return typeof stored === 'string' && isSameJsonText(value.text, stored);
}
