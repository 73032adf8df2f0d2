import type { CloudActor } from '../../domain/circumvention/audit-event.ts';
import type { CloudLogs } from '../../domain/circumvention/cloud-logs.ts';
import type { KnownGrant } from '../../domain/circumvention/judge-grant.ts';
import type { Connection } from '../../domain/enforcement/connection.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';

/** A connection of a tenant, in the revision that was read. */
export interface ConnectionRevision {
  readonly tenantId: string;
  readonly version: number;
  readonly state: Connection;
}

/** Access that came back, as its grant's stream is told. */
export interface SeenAgain {
  readonly tenantId: string;
  readonly grantId: string;
  /** As the cloud names it. */
  readonly resourceId: string;
  /** The alert. */
  readonly alertId: string;
}

/** A strike that is to be counted. */
export interface StrikeFor {
  readonly tenantId: string;
  readonly personId: string;
  readonly alertId: string;
  readonly by: CloudActor;
}

/** What watching the clouds' logs needs of its surroundings. */
export interface CircumventionParts {
  readonly db: Database;
  /** Real time in epoch milliseconds: logs go by nothing else. */
  readonly realNow: () => number;
  readonly connectionsOf: (
    tx: Transaction,
    tenantIds: readonly string[],
  ) => Promise<readonly ConnectionRevision[]>;
  /** The logs of a cloud; `undefined` where it keeps none. Asked between transactions. */
  readonly logsOf: (connection: ConnectionRevision) => Promise<CloudLogs | undefined>;
  /** The grants of the register that are the same access. */
  readonly grantsLike: (
    tx: Transaction,
    tenantId: string,
    access: GrantSpec,
  ) => Promise<readonly KnownGrant[]>;
  /** Tells a grant that was gone that it is there again, and has the loop see to it. */
  readonly seeAgain: (tx: Transaction, seen: SeenAgain) => Promise<void>;
  /** Whom of the register a cloud's name stands for. */
  readonly personOf: (
    tx: Transaction,
    tenantId: string,
    by: CloudActor,
  ) => Promise<{ readonly personId: string; readonly name: string } | undefined>;
  /** Counts a strike; answers how many there are, and whether privileged access is lost. */
  readonly strike: (
    tx: Transaction,
    strike: StrikeFor,
  ) => Promise<{ readonly count: number; readonly isBarred: boolean }>;
}
