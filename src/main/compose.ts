import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { BUILT_IN_POLICY } from '../domain/policy/built-in-policy.ts';
import type { Policy } from '../domain/policy/policy.ts';
import { ExceptionService } from '../features/exceptions/exception-service.ts';
import { ExceptionViews } from '../features/exceptions/exception-views.ts';
import { exceptionDeadlines } from '../features/exceptions/exception-work.ts';
import { createAuthenticator } from '../features/identity/authenticate.ts';
import { TokenService } from '../features/identity/token-service.ts';
import { LedgerViews } from '../features/ledger/ledger-views.ts';
import { ledgerSequencing } from '../features/ledger/ledger-work.ts';
import { assertWritable, markDiverged } from '../features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../journal/checkpoint-store.ts';
import type { Config } from '../platform/config/config.ts';
import type { Database } from '../platform/db/transaction.ts';
import { DueLoop } from '../platform/due/due-loop.ts';
import { housekeeping } from '../platform/due/housekeeping.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';

/** What the parts are made of. */
export interface Parts {
  readonly config: Config;
  readonly db: Database;
  readonly master: MasterKey;
  readonly log: Logger;
}

/** Everything wired together; the one place that knows all of it. */
export type Lapse = ReturnType<typeof compose>;

/** Wires the features. What one needs of another is passed here as a narrow function. */
export function compose({ config, db, master, log }: Parts) {
  const policy = configuredPolicy(config);
  const checkpoints = fileCheckpointStore(join(config.dataDir, 'checkpoints'));
  const authenticator = createAuthenticator(db);
  const sequencing = { db, master, checkpoints, onDiverged: markDiverged(db) };
  const loop = new DueLoop(
    [
      exceptionDeadlines(db, policy),
      ledgerSequencing(db, sequencing),
      housekeeping(db, randomUUID()),
    ],
    log,
  );
  return {
    db,
    policy,
    loop,
    checkpoints,
    authenticator,
    exceptions: {
      service: new ExceptionService({ db, policy, assertWritable }),
      views: new ExceptionViews(db, policy),
    },
    tokens: new TokenService(db, (tenantId) => authenticator.forget(tenantId)),
    ledger: new LedgerViews(db),
  };
}

/** The built-in policy with the times that the operator has set. */
export function configuredPolicy({ undecidedAfter, archiveAfter }: Config): Policy {
  return {
    ...BUILT_IN_POLICY,
    undecided_after: undecidedAfter ?? BUILT_IN_POLICY.undecided_after,
    archive_after: archiveAfter ?? BUILT_IN_POLICY.archive_after,
  };
}
