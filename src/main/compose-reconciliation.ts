import type { Logger } from 'pino';
import { routeOf } from '../domain/enforcement/connection.ts';
import {
  claimProbes,
  connectionFailed,
  connectionWorked,
} from '../features/enforcement/connection-health.ts';
import { readConnections } from '../features/enforcement/connection-store.ts';
import type { EnforcementParts } from '../features/enforcement/enforcement-parts.ts';
import { registeredGrants } from '../features/enforcement/register-grants.ts';
import { draftAll } from '../features/exceptions/exception-drafts.ts';
import { unknownOwners } from '../features/identity/unknown-owners.ts';
import type { PolicyStore } from '../features/policy/policy-store.ts';
import { FindingService } from '../features/reconciliation/finding-service.ts';
import { FindingViews } from '../features/reconciliation/finding-views.ts';
import { findingDeadlines } from '../features/reconciliation/finding-work.ts';
import type { ReconciliationParts } from '../features/reconciliation/reconciliation-parts.ts';
import { ReconciliationService } from '../features/reconciliation/reconciliation-service.ts';
import { ReconciliationViews } from '../features/reconciliation/reconciliation-views.ts';
import { reconciliation } from '../features/reconciliation/reconciliation-work.ts';
import { assertWritable } from '../features/tenants/tenant-service.ts';

interface Parts {
  readonly enforcement: EnforcementParts;
  readonly policies: PolicyStore;
  readonly log: Logger;
  /** A hint that something is due. */
  readonly wake: () => void;
}

/** Wires the comparison of clouds with the register, with what it needs of other features. */
export function composeReconciliation({ enforcement, policies, log, wake }: Parts) {
  const { db, recordsOf, connectorFor, newId } = enforcement;
  const parts: ReconciliationParts = {
    ...{ db, recordsOf, connectorFor, newId },
    grants: registeredGrants({ recordsOf, unknownOwners }),
    health: { failed: connectionFailed, worked: connectionWorked, claimProbes },
    connectionsOf: readConnections,
    policiesOf: (tx, tenantIds) => policies.inForce(tx, tenantIds),
    routeFor: async (tx, tenantId, spec, exceptionId) => {
      const place = { tenantId, exceptionId: exceptionId ?? '' };
      const [connections, records] = await Promise.all([
        readConnections(tx, [tenantId]),
        exceptionId === undefined ? new Map() : recordsOf(tx, [place]),
      ]);
      const control = records.get(`${tenantId}/${exceptionId}`)?.fields.control;
      const route = routeOf(
        connections.map(({ state }) => state),
        spec,
        control,
      );
      return {
        mode: route?.mode ?? 'observe',
        connection: connections.find(({ state }) => state.name === route?.connection),
      };
    },
  };
  return {
    works: [reconciliation(parts, log), findingDeadlines(parts, log)],
    reconciliation: {
      views: new ReconciliationViews(db),
      service: new ReconciliationService({ ...parts, assertWritable, wake }),
    },
    findings: {
      views: new FindingViews(db),
      service: new FindingService({ ...parts, assertWritable, draftAll }),
    },
  };
}
