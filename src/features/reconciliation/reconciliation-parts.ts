import type { Connection } from '../../domain/enforcement/connection.ts';
import type { Connector, Mode, Placed } from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import type { RegisteredGrant } from '../../domain/reconciliation/compare.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';

/** A connection of some tenant. */
export interface ReachedConnection {
  readonly tenantId: string;
  readonly version: number;
  readonly state: Connection;
}

/** What some grants of a cloud's list may be in the register. */
export interface RegisterQuestion {
  /** Digests of what they give. */
  readonly digests: readonly string[];
  /** Grants that their marks name. */
  readonly marks: readonly string[];
  /** Whom they give it to, in lower case. */
  readonly subjects: readonly string[];
}

/** The register's grants, as another feature reads and wakes them. */
export interface RegisteredGrants {
  /** Those that answer a question. */
  find(tx: Transaction, tenantId: string, question: RegisterQuestion): Promise<RegisteredGrant[]>;
  /** Those that are wanted or still there and that a comparison has not listed, after an id; all read. */
  unlisted(
    tx: Transaction,
    tenantId: string,
    page: { readonly reconciliationId: string; readonly after: string; readonly count: number },
  ): Promise<{ readonly grants: RegisteredGrant[]; readonly last: string | undefined }>;
  /** Remembers that a comparison has seen some. */
  markListed(
    tx: Transaction,
    tenantId: string,
    reconciliationId: string,
    grantIds: readonly string[],
  ): void;
  /** Where they lie, each place once. */
  places(tx: Transaction, tenantId: string): Promise<Pick<GrantSpec, 'kind' | 'target'>[]>;
  /** How many of open records no connection reaches, by kind. */
  unreached(
    tx: Transaction,
    tenantId: string,
  ): Promise<{ readonly kind: string; readonly count: number }[]>;
  /** Says that what had ended is there; its loop takes it away where the mode lets it. */
  seenAgain(
    tx: Transaction,
    tenantId: string,
    grantId: string,
    seen: { readonly placed: Placed | undefined; readonly by: string | undefined },
  ): Promise<void>;
  /** Removals by Lapse that came to their end since an instant, and those that a person had to see to. */
  removalsSince(
    tx: Transaction,
    tenantId: string,
    since: number,
  ): Promise<{ readonly removals: number; readonly failed: number }>;
}

/** How connections do, whoever tries them. */
export interface ConnectionHealth {
  /** Nothing worked. */
  failed(tx: Transaction, place: ConnectionPlace, message: string): Promise<void>;
  /** Something worked; after an outage the tenant is compared anew. */
  worked(tx: Transaction, place: ConnectionPlace): Promise<void>;
  /** Takes some of those that fail and whose time has come to be tried. */
  claimProbes(tx: Transaction): Promise<ConnectionPlace[]>;
}

export interface ConnectionPlace {
  readonly tenantId: string;
  readonly connection: string;
}

/** What reconciliation needs of its surroundings. */
export interface ReconciliationParts {
  readonly db: Database;
  readonly grants: RegisteredGrants;
  readonly health: ConnectionHealth;
  readonly connectionsOf: (
    tx: Transaction,
    tenantIds: readonly string[],
  ) => Promise<ReachedConnection[]>;
  /** Asked between transactions; may read the connection's secret. */
  readonly connectorFor: (
    connection: ReachedConnection,
    kind: string,
  ) => Promise<Connector | undefined>;
  /** How far Lapse goes with a grant of a record, and through which connection. */
  readonly routeFor: (
    tx: Transaction,
    tenantId: string,
    spec: GrantSpec,
    exceptionId: string | undefined,
  ) => Promise<{ readonly mode: Mode; readonly connection: ReachedConnection | undefined }>;
  /** Records as they stand now, by `<tenant>/<record>`. */
  readonly recordsOf: (
    tx: Transaction,
    places: readonly { readonly tenantId: string; readonly exceptionId: string }[],
  ) => Promise<ReadonlyMap<string, ExceptionState>>;
  /** The packs in force of some tenants. */
  readonly policiesOf: (
    tx: Transaction,
    tenantIds: readonly string[],
  ) => Promise<(tenantId: string) => Policy>;
  readonly newId: () => string;
}
