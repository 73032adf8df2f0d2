import type { Connector } from '../../domain/enforcement/connector.ts';
import type { RemovedGrant } from '../../domain/exception/events.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { TenantConnection } from './connection-store.ts';
import type { Lanes } from './lanes.ts';

/** A record of some tenant. */
export interface RecordPlace {
  readonly tenantId: string;
  readonly exceptionId: string;
}

/** Records by tenant and id, as {@link recordKey} puts them together. */
export type RecordMap = ReadonlyMap<string, ExceptionState>;

/** What bringing grants about needs of its surroundings. */
export interface EnforcementParts {
  readonly db: Database;
  /** Records as they stand at the transaction's time, those that are not there left out. */
  readonly recordsOf: (tx: Transaction, places: readonly RecordPlace[]) => Promise<RecordMap>;
  /** Tells a record that its grants are gone; one that does not wait for it stays as it is. */
  readonly confirmRemoval: (
    tx: Transaction,
    place: RecordPlace,
    grants: readonly RemovedGrant[],
  ) => Promise<void>;
  /**
   * What reaches grants of a kind through a connection; `undefined` where nothing does. Asked between
   * transactions; may read the connection's secret.
   */
  readonly connectorFor: (
    connection: TenantConnection,
    kind: string,
  ) => Promise<Connector | undefined>;
  readonly lanes: Lanes;
  readonly newId: () => string;
}

/** The key of a record among those of several tenants. */
export function recordKey({ tenantId, exceptionId }: RecordPlace): string {
  return `${tenantId}/${exceptionId}`;
}
