import { CompiledQuery } from 'kysely';
import type { Principal } from '../../../domain/access/principal.ts';
import { DomainError } from '../../../domain/errors.ts';
import type { Transaction } from '../../../platform/db/transaction.ts';
import type { ResourceKind } from './scim-attributes.ts';
import { type Columns, conditionOf } from './scim-condition.ts';
import { parseFilter } from './scim-filter.ts';

/** How a list of resources is asked for (RFC 7644 section 3.4.2). */
export interface ListQuery {
  readonly filter?: string | undefined;
  /** From 1. */
  readonly startIndex: number;
  readonly count: number;
}

/** What a change of a resource needs: who, which one, and the revision that they have read. */
export interface ScimChange {
  readonly principal: Principal;
  readonly id: string;
  readonly expected: number | undefined;
}

/** A page of resources, and how many there are in all. */
export interface ScimPage<Row> {
  readonly total: number;
  readonly rows: readonly Row[];
}

/** Where resources of a kind are stored. */
export interface StoredKind extends Columns {
  readonly kind: ResourceKind;
  /** `lapse.people`; its rows are called `r`. */
  readonly table: string;
  readonly id: string;
  /** Which rows a directory may see. */
  readonly visible: string;
}

/** A page of the resources that a filter lets through, in the order of their ids. */
export async function readRows<Row>(
  tx: Transaction,
  tenantId: string,
  { kind, table, id, visible, ...columns }: StoredKind,
  { filter, startIndex, count }: ListQuery,
): Promise<ScimPage<Row>> {
  const condition =
    filter === undefined
      ? { sql: 'true', values: [] }
      : conditionOf(parseFilter(filter, kind), columns, 2);
  const from = `FROM ${table} AS r WHERE r.tenant_id = $1 AND ${visible} AND ${condition.sql}`;
  const values = [tenantId, ...condition.values];
  const [offset, limit] = [values.length + 1, values.length + 2];
  const [[counted], rows] = await Promise.all([
    tx.execute<{ total: number }>(
      CompiledQuery.raw(`SELECT count(*)::int AS total ${from}`, values),
    ),
    tx.execute<Row>(
      CompiledQuery.raw(
        `SELECT r.version, r.state ${from} ORDER BY r.${id} OFFSET $${offset} LIMIT $${limit}`,
        [...values, startIndex - 1, count],
      ),
    ),
  ]);
  return { total: counted?.total ?? 0, rows };
}

/** Refuses a change of a resource that is no longer as its sender has read it. */
export function assertRevision(version: number, expected: number | undefined): void {
  if (expected === undefined || expected === version) return;
  throw new DomainError(
    'stale-revision',
    `it is at revision ${version} now, and If-Match names ${expected}; read it again`,
  );
}
