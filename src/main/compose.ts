import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Rewriting } from '../connectors/azure/azure-client.ts';
import { FULL_CLEARANCE } from '../domain/access/clearance.ts';
import { BUILT_IN_POLICY } from '../domain/policy/built-in-policy.ts';
import type { Policy } from '../domain/policy/policy.ts';
import { AuditViews } from '../features/audit/audit-views.ts';
import { endTask } from '../features/circumvention/security-tasks.ts';
import { DelegationService, endDelegationsOf } from '../features/delegations/delegation-service.ts';
import { diagnose } from '../features/diagnosis/diagnose.ts';
import { orphanedFiles } from '../features/evidence/evidence-work.ts';
import type { FilePlace } from '../features/evidence/file-store.ts';
import { lookAtFiles } from '../features/evidence/look-at-files.ts';
import { linkReader, noLinkReader, type ReadLink } from '../features/evidence/read-link.ts';
import { approvalBacklog } from '../features/exceptions/approval-backlog.ts';
import { policyComparison } from '../features/exceptions/compare-policies.ts';
import { countRegister } from '../features/exceptions/exception-count-views.ts';
import { exceptionCounts } from '../features/exceptions/exception-count-work.ts';
import { draftAll, existingIds } from '../features/exceptions/exception-drafts.ts';
import { ExceptionService } from '../features/exceptions/exception-service.ts';
import { ExceptionViews } from '../features/exceptions/exception-views.ts';
import { exceptionDeadlines } from '../features/exceptions/exception-work.ts';
import { evidenceLinks } from '../features/exceptions/link-work.ts';
import { openReassignTask, reassignTasks } from '../features/exceptions/reassign-tasks.ts';
import { registerReader } from '../features/exceptions/register-export.ts';
import { policyOf } from '../features/exceptions/tenant-policies.ts';
import { createAuthenticator } from '../features/identity/authenticate.ts';
import { LIMITS } from '../features/identity/bounded-fetch.ts';
import { GroupService } from '../features/identity/group-service.ts';
import { OidcClient } from '../features/identity/oidc-client.ts';
import { OidcSignIn } from '../features/identity/oidc-sign-in.ts';
import { PasskeyService } from '../features/identity/passkey-service.ts';
import { PasskeySigning } from '../features/identity/passkey-signing.ts';
import { PersonService } from '../features/identity/person-service.ts';
import { ProviderService } from '../features/identity/provider-service.ts';
import { ScimGroups } from '../features/identity/scim/scim-groups.ts';
import { ScimUsers } from '../features/identity/scim/scim-users.ts';
import { sessionCookie } from '../features/identity/session-cookie.ts';
import { SessionService } from '../features/identity/session-service.ts';
import { makeSignInLink } from '../features/identity/sign-in-link.ts';
import { readBarred } from '../features/identity/strikes.ts';
import { revokeTokensOf, TokenService } from '../features/identity/token-service.ts';
import { isJwt } from '../features/identity/workload-sign-in.ts';
import { ImportService } from '../features/imports/import-service.ts';
import { EpochService } from '../features/ledger/epoch-service.ts';
import { LedgerViews } from '../features/ledger/ledger-views.ts';
import { ledgerSequencing } from '../features/ledger/ledger-work.ts';
import { PolicyService } from '../features/policy/policy-service.ts';
import { PolicyStore } from '../features/policy/policy-store.ts';
import { ReportViews } from '../features/reports/report-views.ts';
import { countOpenTasks } from '../features/tasks/open-tasks.ts';
import { tenantDeletions } from '../features/tenants/delete-tenants.ts';
import { deletionProofs } from '../features/tenants/deletion-proofs.ts';
import { rememberedReason } from '../features/tenants/read-only-reason.ts';
import { TenantAdministration } from '../features/tenants/tenant-administration.ts';
import {
  assertWritable,
  lockTenant,
  markDiverged,
  resumeWriting,
  tenantName,
  tenantState,
} from '../features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../journal/checkpoint-store.ts';
import { sequence } from '../journal/sequencer.ts';
import type { Config } from '../platform/config/config.ts';
import type { Database, Reach } from '../platform/db/transaction.ts';
import { DueLoop } from '../platform/due/due-loop.ts';
import { housekeeping } from '../platform/due/housekeeping.ts';
import { singleFlight } from '../platform/http/single-flight.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';
import { backlogMetrics } from '../platform/telemetry/backlog-metrics.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import { composeClouds } from './compose-clouds.ts';
import { composeWorkloads, peopleReader, signInChoice } from './compose-identity.ts';
import { evidenceStore } from './evidence-store.ts';
import { createVerifier } from './ledger-verification.ts';
import { AUDITED_STREAMS } from './stream-kinds.ts';
import { LAPSE_VERSION } from './version.ts';

/** What the parts are made of. */
export interface Parts {
  readonly config: Config;
  readonly db: Database;
  readonly master: MasterKey;
  readonly log: Logger;
  /** Real time in epoch milliseconds, which tokens and heartbeats go by; tests give their own. */
  readonly realNow?: () => number;
  /** Where a simulated cloud listens; without it no connection reaches one. */
  readonly simulatedCloud?: Rewriting;
  /** In place of what the configuration says: where time is played, nothing outside is asked. */
  readonly readLink?: ReadLink;
}

/** Everything wired together; the one place that knows all of it. */
export type Lapse = ReturnType<typeof compose>;

/** Wires the features. What one needs of another is passed here as a narrow function. */
export function compose({
  config,
  db,
  master,
  log,
  realNow = Date.now,
  readLink = configuredReader(config),
  simulatedCloud,
}: Parts) {
  const policies = new PolicyStore(configuredPolicy(config));
  const { dataDir } = config;
  const checkpoints = fileCheckpointStore(join(dataDir, 'checkpoints'));
  const authenticator = createAuthenticator(db, realNow);
  const sequencing = { db, master, checkpoints, onDiverged: markDiverged(db) };
  const sessions = new SessionService(db, config.freshSignIn, realNow);
  const cookie = sessionCookie(config.publicUrl);
  const providers = new ProviderService({ db, master, realNow });
  const asking = { ...LIMITS, listed: config.insideHosts };
  const oidc = new OidcClient(
    `${config.publicUrl}/sign-in/callback`,
    config.freshSignIn / 1_000,
    asking,
  );
  const { workloads, workloadSignIn } = composeWorkloads(config.publicUrl, { db, realNow, asking });
  const forget = (tenantId: string) => {
    authenticator.forget(tenantId);
    sessions.forget(tenantId);
  };
  const people = new PersonService({
    db,
    realNow,
    forget,
    onStrikesLifted: async (tx, { tenantId, person, actor }) =>
      endTask(tx, tenantId, ['incident', person.person_id], { at: await tx.now, by: actor.id }),
    onDeactivated: async (tx, { tenantId, person, actor }) => {
      const { email, person_id: id } = person;
      await endDelegationsOf(tx, tenantId, email === undefined ? { id } : { id, email }, actor);
      if (email === undefined) return;
      await openReassignTask(tx, tenantId, person);
      await revokeTokensOf(tx, tenantId, email, { actor, realNow: realNow() });
    },
  });
  const files = evidenceStore(config);
  const peopleOf = peopleReader(realNow);
  const views = new ExceptionViews(db, policies, peopleOf);
  const ledger = new LedgerViews(db);
  const sequenceNow = (tenantId: string) => sequence(sequencing, tenantId);
  const readOnly = rememberedReason(db, realNow);
  const writeProofs = deletionProofs({
    db,
    folder: join(dataDir, 'deleted-tenants'),
    sequence: sequenceNow,
    keyOf: (tenantId) => ledger.key(tenantId),
    entryOf: async (tenantId, index) => ({
      ...(await ledger.entry({ tenantId, clearance: FULL_CLEARANCE }, index)),
      receipt: await ledger.proof(tenantId, index),
    }),
  });
  const removeFile = (place: FilePlace) => files.remove(place);
  const service = new ExceptionService({
    ...{ db, policies, peopleOf, assertWritable },
    barredOf: readBarred,
  });
  const clouds = composeClouds({
    ...{ config, db, master, log, realNow, simulatedCloud, policies, service },
    wake: () => loop.wake(),
  });
  const works = [
    exceptionDeadlines(db, policies),
    ledgerSequencing(db, sequencing),
    exceptionCounts(db),
    orphanedFiles(db, files, realNow),
    evidenceLinks({ db, readLink, realNow }),
    reassignTasks(db, realNow),
    ...clouds.works,
    tenantDeletions({ db, sequence: sequenceNow, removeFile, writeProofs }),
    housekeeping(db, randomUUID(), realNow),
  ];
  const metrics = createMetrics(LAPSE_VERSION);
  const loop = new DueLoop(works, log, metrics);
  const backlog = backlogMetrics(metrics.registry, works, {
    countOpenTasks: () => countOpenTasks(db),
    approvals: () => approvalBacklog(db),
  });
  return {
    db,
    policies,
    /** What decides who may approve in a tenant: the pack in force, the people, and the time. */
    groundsOf: (tenantId: string) =>
      db.inTenant(tenantId, async (tx) => {
        const [policy, now] = await Promise.all([policyOf(policies, tx, tenantId), tx.now]);
        return { policy, people: await peopleOf(tx, tenantId, now), now };
      }),
    comparePolicies: policyComparison(db, policies),
    policy: new PolicyService({ db, store: policies, assertWritable }),
    loop,
    metrics,
    diagnose: (reach: Reach, schemaVersion: string) =>
      diagnose(
        {
          ...{ db, dataDir, works, checkpoints, schemaVersion, realNow, master },
          lookAtFiles: (id) => lookAtFiles(db, files, id),
        },
        reach,
      ),
    /** Everything that is measured, in the Prometheus text format. */
    readMetrics: singleFlight(async () => {
      await backlog.read();
      return metrics.registry.metrics();
    }),
    /** How requests are taken in. */
    serving: {
      limits: config.limits,
      trustedProxies: config.trustedProxies,
      https: config.publicUrl.startsWith('https:'),
    },
    checkpoints,
    authenticateBearer: (token: string | undefined, tenant: string | undefined) =>
      token !== undefined && isJwt(token)
        ? workloadSignIn.authenticate(token, tenant)
        : authenticator.authenticate(token),
    authenticator,
    exceptions: {
      service,
      views,
    },
    evidence: {
      db,
      store: files,
      realNow,
      filesOf: async (reach: Reach, exceptionId: string) =>
        (await views.get(reach, exceptionId)).state.evidence_files ?? [],
    },
    openRegister: registerReader(db, policies),
    imports: new ImportService({
      db,
      policyOf: (tx, tenantId, at) => policyOf(policies, tx, tenantId, at),
      assertWritable,
      register: { draftAll, existingIds },
    }),
    reports: new ReportViews({ db, countRegister, tenantName }),
    delegations: new DelegationService({
      db,
      policyOf: (tx, tenantId) => policyOf(policies, tx, tenantId),
      peopleOf,
      assertWritable,
    }),
    tokens: new TokenService(db, forget, realNow),
    people,
    groups: new GroupService({ db, realNow, forget }),
    directory: {
      users: new ScimUsers({ db, realNow, forget, people }),
      groups: new ScimGroups({ db, realNow, forget }),
      publicUrl: config.publicUrl,
    },
    sessions,
    passkeys: new PasskeyService({ db, publicUrl: config.publicUrl, realNow }),
    signing: new PasskeySigning({ publicUrl: config.publicUrl, realNow }),
    providers,
    workloads,
    cookie,
    signIn: {
      ...{ db, sessions, cookie, realNow, publicUrl: config.publicUrl },
      oidc: new OidcSignIn({
        ...{ db, master, providers, oidc, sessions, realNow },
        freshFor: config.freshSignIn,
      }),
      signInChoice: (tenantId: string | undefined) => signInChoice(db, providers, tenantId),
      tenantName: (tenantId: string) => db.inTenant(tenantId, (tx) => tenantName(tx, tenantId)),
    },
    ...clouds.features,
    audit: new AuditViews(db, AUDITED_STREAMS),
    ledger,
    tenants: {
      administration: new TenantAdministration({
        ...{ db, master, publicUrl: config.publicUrl },
        firstLink: (tx, tenantId, email) => makeSignInLink(tx, tenantId, { email, now: realNow() }),
        keepOf: async (tx, tenantId) => (await policyOf(policies, tx, tenantId)).retention.keep,
        onChanged: readOnly.forget,
      }),
      readOnlyReason: readOnly.of,
    },
    epochs: new EpochService({
      db,
      master,
      checkpoints,
      tenantState,
      lockTenant,
      resumeWriting,
    }),
    verifyLedger: createVerifier({
      db,
      checkpoints,
      sequence: sequenceNow,
    }),
  };
}

function configuredReader({ areLinksRead, insideHosts }: Config): ReadLink {
  return areLinksRead
    ? linkReader(insideHosts)
    : noLinkReader('was not read: reading links is turned off (LAPSE_LINKS)');
}

/** The built-in policy with the times that the operator has set. */
function configuredPolicy({ undecidedAfter, archiveAfter }: Config): Policy {
  return {
    ...BUILT_IN_POLICY,
    undecided_after: undecidedAfter ?? BUILT_IN_POLICY.undecided_after,
    archive_after: archiveAfter ?? BUILT_IN_POLICY.archive_after,
  };
}
