export {
  createLapseClient,
  dataOf,
  type LapseClient,
  type LapseClientOptions,
  timedDataOf,
} from './client.ts';
export { LIST_PARAMETERS, RECORD_FIELDS } from './field-lists.gen.ts';
export { type FieldProblem, LapseProblem, LapseUnreachable } from './problem.ts';
export type { components, paths } from './schema.gen.ts';

import type { components, paths } from './schema.gen.ts';

/** A record as the server answers it. */
export type ExceptionRecord = components['schemas']['ExceptionRecord'];
/** A record by itself, with who can approve what of it waits for a decision. */
export type OneException = components['schemas']['OneException'];
/** The fields of a new record, in every form that the server takes. */
export type ExceptionFieldsInput = components['schemas']['ExceptionFieldsInput'];
/** Fields to set, `null` to take one away. */
export type ExceptionEditInput = components['schemas']['ExceptionEditInput'];
/** A record in short, as a table shows it. */
export type ExceptionSummary = components['schemas']['ExceptionSummary'];
/** What a list can be asked for. */
export type ListQuery = NonNullable<paths['/v1/exceptions']['get']['parameters']['query']>;
/** One page of a list. */
export type ExceptionPage =
  paths['/v1/exceptions']['get']['responses'][200]['content']['application/json'];
/** One page of a list of records in short. */
export type SummaryPage =
  paths['/v1/exception-summaries']['get']['responses'][200]['content']['application/json'];
/** The events of a record. */
export type ExceptionHistory =
  paths['/v1/exceptions/{id}/history']['get']['responses'][200]['content']['application/json'];
/** The tokens of the tenant. */
export type TokenList = paths['/v1/tokens']['get']['responses'][200]['content']['application/json'];
/** Who acts for whom. */
export type DelegationList =
  paths['/v1/delegations']['get']['responses'][200]['content']['application/json'];
/** The workloads of the tenant. */
export type WorkloadList =
  paths['/v1/workloads']['get']['responses'][200]['content']['application/json'];
/** The people of the tenant. */
export type PeopleList =
  paths['/v1/people']['get']['responses'][200]['content']['application/json'];
/** The groups of its directory. */
export type GroupList = paths['/v1/groups']['get']['responses'][200]['content']['application/json'];
/** What a person answers for. */
export type HoldingList =
  paths['/v1/people/{id}/holdings']['get']['responses'][200]['content']['application/json'];
/** What the audit can be asked for. */
export type AuditQuery = NonNullable<paths['/v1/audit']['get']['parameters']['query']>;
/** A sign-in, a refusal or an administrative act. */
export type AuditEvent =
  paths['/v1/audit']['get']['responses'][200]['content']['application/json']['items'][number];
/** What waits for a person. */
export type TaskList = paths['/v1/tasks']['get']['responses'][200]['content']['application/json'];
/** What a cloud and the register do not agree about. */
export type FindingList =
  paths['/v1/findings']['get']['responses'][200]['content']['application/json'];
/** What findings can be asked for. */
export type FindingQuery = NonNullable<paths['/v1/findings']['get']['parameters']['query']>;
/** Clouds compared with the register. */
export type ReconciliationList =
  paths['/v1/reconciliations']['get']['responses'][200]['content']['application/json'];
/** One such report. */
export type ReconciliationReport =
  paths['/v1/reconciliations/{id}']['get']['responses'][200]['content']['application/json'];
/** How a server is, and what to do about it. */
export type Diagnosis =
  paths['/v1/diagnosis']['get']['responses'][200]['content']['application/json'];
/** What is reported, by the last part of its path. */
export type ReportName = 'summary' | 'severity' | 'aging' | 'domain' | 'environment' | 'renewals';
/** The register in numbers, of one kind. */
export type Report<Name extends ReportName> =
  paths[`/v1/reports/${Name}`]['get']['responses'][200]['content']['application/json'];
/** What records give in the cloud, and where each piece of it stands. */
export type GrantList = paths['/v1/grants']['get']['responses'][200]['content']['application/json'];
/** How the tenant's clouds are reached. */
export type ConnectionList =
  paths['/v1/connections']['get']['responses'][200]['content']['application/json'];
