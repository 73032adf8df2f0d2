import fastifyCookie from '@fastify/cookie';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { addAuditRoutes } from '../features/audit/audit-routes.ts';
import { addAlertRoutes } from '../features/circumvention/alert-routes.ts';
import { addPostRoutes } from '../features/circumvention/take-posts.ts';
import { addDelegationRoutes } from '../features/delegations/delegation-routes.ts';
import { addDiagnosisRoute } from '../features/diagnosis/diagnosis-route.ts';
import {
  addConnectionRoutes,
  addEventSecretRoute,
} from '../features/enforcement/connection-routes.ts';
import { addGrantRoutes } from '../features/enforcement/grant-routes.ts';
import { addEvidenceRoutes } from '../features/evidence/evidence-routes.ts';
import { addApprovalRoutes } from '../features/exceptions/approval-routes.ts';
import { addApproveRoutes } from '../features/exceptions/approve-routes.ts';
import { addBulkRoutes } from '../features/exceptions/bulk-routes.ts';
import { addCommandRoutes } from '../features/exceptions/command-routes.ts';
import { addCommentRoutes } from '../features/exceptions/comment-routes.ts';
import {
  addExceptionRoutes,
  callerOf,
  execute,
  idOf,
} from '../features/exceptions/exception-routes.ts';
import { exceptionAnswer, idParameter } from '../features/exceptions/exception-schemas.ts';
import { addExportRoutes } from '../features/exceptions/export-routes.ts';
import { addHoldingRoutes } from '../features/exceptions/holding-routes.ts';
import { addGroupRoutes } from '../features/identity/group-routes.ts';
import { addPasskeyRoutes } from '../features/identity/passkey-routes.ts';
import { addPersonRoutes } from '../features/identity/person-routes.ts';
import { addProviderRoutes } from '../features/identity/provider-routes.ts';
import { addScimRoutes } from '../features/identity/scim/scim-routes.ts';
import { addSessionRoutes } from '../features/identity/session-routes.ts';
import { addSignInRoutes } from '../features/identity/sign-in-routes.ts';
import { addTokenRoutes } from '../features/identity/token-routes.ts';
import { addWorkloadRoutes } from '../features/identity/workload-routes.ts';
import { addImportRoutes } from '../features/imports/import-routes.ts';
import { addEpochRoutes } from '../features/ledger/epoch-routes.ts';
import { addLedgerRoutes } from '../features/ledger/ledger-routes.ts';
import { addVerificationRoutes } from '../features/ledger/verification-routes.ts';
import { addComparisonRoute } from '../features/policy/comparison-route.ts';
import { addPackSchemaRoute, addPolicyRoutes } from '../features/policy/policy-routes.ts';
import { addFindingRoutes } from '../features/reconciliation/finding-routes.ts';
import { addReconciliationRoutes } from '../features/reconciliation/reconciliation-routes.ts';
import { addReportRoutes } from '../features/reports/report-routes.ts';
import { addTenantReport } from '../features/reports/tenant-report.ts';
import { addTaskRoutes } from '../features/tasks/task-routes.ts';
import { addTenantRoutes } from '../features/tenants/tenant-routes.ts';
import { assertWritable } from '../features/tenants/tenant-service.ts';
import { addRateLimits, rateLimit } from '../platform/http/rate-limits.ts';
import { createServer } from '../platform/http/server.ts';
import { addApiReference } from './api-reference.ts';
import type { Lapse } from './compose.ts';
import { addHealthRoutes } from './health-routes.ts';
import { type Authentication, guardRoutes } from './http-principal.ts';
import { addMetricsRoute } from './metrics-route.ts';
import { addPasskeyPages } from './passkey-pages.ts';
import { requestValidator } from './request-validation.ts';
import { addTestClockRoutes } from './test-clock-routes.ts';

/** How the HTTP side is set up. */
export interface HttpOptions {
  readonly log: Logger;
  readonly version: string;
  readonly schemaVersion: string;
  readonly testClock: boolean;
  readonly isDraining: () => boolean;
}

/** What `lapse work` answers: health and metrics, and nothing of the register. */
export async function createWorkerApp(
  lapse: Lapse,
  options: HttpOptions,
): Promise<FastifyInstance> {
  const app = await createServer({ logger: options.log, validatorCompiler: requestValidator });
  addHealthRoutes(app, { db: lapse.db, ...options });
  addMetricsRoute(app, lapse);
  return app;
}

/** The HTTP application: every route, guarded, documented. */
export async function createHttpApp(lapse: Lapse, options: HttpOptions): Promise<FastifyInstance> {
  const { limits, trustedProxies } = lapse.serving;
  const app = await createServer({
    logger: options.log,
    validatorCompiler: requestValidator,
    https: lapse.serving.https,
    trustedProxies,
    requestAnswered: lapse.metrics.requestAnswered,
  });
  await addApiReference(app, options.version);
  addHealthRoutes(app, {
    db: lapse.db,
    schemaVersion: options.schemaVersion,
    isDraining: options.isDraining,
  });
  addMetricsRoute(app, lapse);
  addPackSchemaRoute(app);
  await app.register(fastifyCookie);
  await addRateLimits(app);
  await app.register(async (scope) => {
    const what = 'requests of your address to sign in';
    const signIns = rateLimit(scope, { max: limits.signIns, what });
    scope.addHook('onRequest', async (request, reply) => {
      if (request.routeOptions.url?.startsWith('/sign-in')) await signIns.count(request, reply);
    });
    addSignInRoutes(scope, lapse.signIn);
  });
  await app.register(async (scope) => addPasskeyPages(scope, lapse));
  const authentication: Authentication = {
    bearer: lapse.authenticateBearer,
    session: (value) => lapse.sessions.authenticate(value),
    assertFresh: (session) => lapse.sessions.assertFresh(session),
    cookie: lapse.cookie,
    limits,
    readOnly: lapse.tenants.readOnlyReason,
  };
  await app.register(
    async (scope) => {
      const what = 'posts of your address did not carry a secret';
      addPostRoutes(scope, {
        db: lapse.db,
        secretOf: (tenantId, connection) => lapse.connections.eventSecret(tenantId, connection),
        failures: rateLimit(scope, { max: limits.failures, what }),
        wake: () => lapse.loop.wake(),
      });
    },
    { prefix: '/v1/events' },
  );
  await app.register(
    async (scope) => {
      guardRoutes(scope, authentication);
      addScimRoutes(scope, lapse.directory);
    },
    { prefix: '/scim/v2' },
  );
  await app.register(
    async (scope) => {
      guardRoutes(scope, authentication);
      addExceptionRoutes(scope, lapse.exceptions);
      addCommandRoutes(scope, lapse.exceptions.service);
      addApproveRoutes(scope, lapse.exceptions.service, lapse.signing);
      addBulkRoutes(scope, lapse.exceptions.service);
      addConnectionRoutes(scope, lapse.connections);
      addEventSecretRoute(scope, lapse.connections, `${lapse.signIn.publicUrl}/v1/events/azure`);
      addGrantRoutes(scope, lapse.enforcement);
      addReconciliationRoutes(scope, lapse.reconciliation);
      addFindingRoutes(scope, lapse.findings);
      addAlertRoutes(scope, lapse.alerts);
      addApprovalRoutes(scope, lapse.exceptions.views, lapse.groundsOf);
      addCommentRoutes(scope, { db: lapse.db, assertWritable });
      addEvidenceRoutes(scope, {
        ...lapse.evidence,
        assertMayAdd: (request) =>
          lapse.exceptions.service.assertMayGive(callerOf(request), idOf(request), 'AddEvidence'),
        record: (request, reply, command, beside) =>
          execute(lapse.exceptions.service, request, reply, command, undefined, async (tx) => {
            await beside?.(tx);
            return undefined;
          }),
        answer: exceptionAnswer,
        idParameter,
      });
      addExportRoutes(scope, lapse.openRegister);
      addTaskRoutes(scope, lapse.db);
      addReportRoutes(scope, lapse.reports);
      addTenantRoutes(scope, lapse.tenants.administration);
      addTenantReport(scope, {
        reports: lapse.reports,
        list: (principal, page) => lapse.tenants.administration.list(principal, page),
      });
      addImportRoutes(scope, lapse.imports);
      addLedgerRoutes(scope, lapse.ledger);
      addEpochRoutes(scope, lapse.epochs);
      addVerificationRoutes(scope, lapse.verifyLedger);
      addPolicyRoutes(scope, lapse.policy);
      addComparisonRoute(scope, lapse.comparePolicies);
      addTokenRoutes(scope, lapse.tokens);
      addPersonRoutes(scope, lapse.people);
      addProviderRoutes(scope, lapse.providers, lapse.signIn.publicUrl);
      addWorkloadRoutes(scope, lapse.workloads);
      addGroupRoutes(scope, lapse.groups);
      addHoldingRoutes(scope, lapse.db, async (tenantId, personId) => {
        const { state } = await lapse.people.get(tenantId, personId);
        return state.email;
      });
      addSessionRoutes(scope, lapse.sessions, (principal) => lapse.people.strikesOf(principal));
      addPasskeyRoutes(scope, lapse.passkeys);
      addDelegationRoutes(scope, lapse.delegations);
      addAuditRoutes(scope, lapse.audit);
      addDiagnosisRoute(scope, (reach) => lapse.diagnose(reach, options.schemaVersion));
      if (options.testClock) addTestClockRoutes(scope, lapse.db, lapse.loop);
    },
    { prefix: '/v1' },
  );
  return app;
}
