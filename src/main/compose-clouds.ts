import type { Logger } from 'pino';
import type { Rewriting } from '../connectors/azure/azure-client.ts';
import { AlertService } from '../features/circumvention/alert-service.ts';
import type { CircumventionParts } from '../features/circumvention/circumvention-parts.ts';
import { accessJudgements } from '../features/circumvention/judge-lines.ts';
import { auditLogs } from '../features/circumvention/read-logs.ts';
import { ConnectionService } from '../features/enforcement/connection-service.ts';
import { readConnections } from '../features/enforcement/connection-store.ts';
import { GrantViews } from '../features/enforcement/grant-views.ts';
import { grantEnforcement } from '../features/enforcement/grant-work.ts';
import { Lanes } from '../features/enforcement/lanes.ts';
import { RemovalService } from '../features/enforcement/removal-service.ts';
import { grantsLike, seeGrantAgain } from '../features/enforcement/seen-again.ts';
import { recordReader, removalConfirmer } from '../features/exceptions/enforced-records.ts';
import type { ExceptionService } from '../features/exceptions/exception-service.ts';
import { privilegedRevocations } from '../features/exceptions/revoke-privileged.ts';
import { lockPerson } from '../features/identity/person-store.ts';
import { personInCloud, readBarred, strikeCounter } from '../features/identity/strikes.ts';
import type { PolicyStore } from '../features/policy/policy-store.ts';
import { assertWritable } from '../features/tenants/tenant-service.ts';
import { operatorsTenant } from '../features/tenants/tenant-views.ts';
import type { Config } from '../platform/config/config.ts';
import type { Database } from '../platform/db/transaction.ts';
import { newUlid } from '../platform/ids.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';
import { composeReconciliation } from './compose-reconciliation.ts';
import { azureClients, connectorMaker, logsFinder } from './connectors.ts';

interface Parts {
  readonly config: Pick<Config, 'insideHosts'>;
  readonly db: Database;
  readonly master: MasterKey;
  readonly log: Logger;
  readonly realNow: () => number;
  readonly simulatedCloud: Rewriting | undefined;
  readonly policies: PolicyStore;
  readonly service: ExceptionService;
  /** A hint that something is due. */
  readonly wake: () => void;
}

/** Wires what reaches clouds: grants, their comparison with the register, and what clouds log. */
export function composeClouds(parts: Parts) {
  const { config, db, master, log, realNow, simulatedCloud, policies, service, wake } = parts;
  const connectorParts = {
    ...{ db, master, insideHosts: config.insideHosts },
    simulated: simulatedCloud,
  };
  const clientOf = azureClients(connectorParts);
  const recordsOf = recordReader(policies);
  const enforcement = {
    ...{ db, recordsOf },
    confirmRemoval: removalConfirmer(policies),
    connectorFor: connectorMaker(connectorParts, clientOf),
    lanes: new Lanes(realNow),
    newId: newUlid,
  };
  const circumvention: CircumventionParts = {
    ...{ db, realNow, logsOf: logsFinder(clientOf) },
    connectionsOf: readConnections,
    grantsLike: grantsLike({ recordsOf }),
    seeAgain: seeGrantAgain,
    personOf: personInCloud,
    strike: strikeCounter(realNow),
  };
  const compared = composeReconciliation({ enforcement, policies, log, wake });
  return {
    works: [
      grantEnforcement(enforcement, log),
      ...compared.works,
      auditLogs(circumvention),
      accessJudgements(circumvention, log),
      privilegedRevocations({ db, service, barred: (tx) => readBarred(tx), realNow }, log),
    ],
    features: {
      connections: new ConnectionService({ db, master, assertWritable, operatorsTenant }),
      enforcement: {
        views: new GrantViews({ db, recordsOf }),
        removals: new RemovalService({ db, assertWritable }),
      },
      reconciliation: compared.reconciliation,
      findings: compared.findings,
      alerts: new AlertService({
        ...{ db, assertWritable },
        addressOf: async (tx, tenantId, personId) =>
          (await lockPerson(tx, tenantId, personId)).state.email,
      }),
    },
  };
}
