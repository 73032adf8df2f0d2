import { alertStream } from '../features/circumvention/alert-store.ts';
import { delegationStream } from '../features/delegations/delegation-store.ts';
import { connectionStream } from '../features/enforcement/connection-store.ts';
import { grantStream } from '../features/enforcement/grant-store.ts';
import { exceptionStream } from '../features/exceptions/exception-store.ts';
import { groupStream } from '../features/identity/group-store.ts';
import { personStream } from '../features/identity/person-store.ts';
import { providerStream } from '../features/identity/provider-store.ts';
import { relyingPartyStream } from '../features/identity/relying-party.ts';
import { tokenStream } from '../features/identity/token-store.ts';
import { workloadStream } from '../features/identity/workload-store.ts';
import { policyStream } from '../features/policy/policy-stream.ts';
import { findingStream } from '../features/reconciliation/finding-store.ts';
import { taskStream } from '../features/tasks/task-stream.ts';
import { tenantStream } from '../features/tenants/tenant-stream.ts';
import { ledgerStream } from '../journal/ledger-stream.ts';
import type { AnyStreamKind } from '../journal/stream.ts';

/** Every kind of stream that a ledger holds: what verification and restoring fold. */
export const STREAM_KINDS: readonly AnyStreamKind[] = [
  exceptionStream,
  tokenStream,
  personStream,
  groupStream,
  providerStream,
  workloadStream,
  relyingPartyStream,
  policyStream,
  delegationStream,
  connectionStream,
  grantStream,
  findingStream,
  alertStream,
  ledgerStream,
  taskStream,
  tenantStream,
];

/** The streams that the audit shows: all but the records' own and what hangs on them. */
export const AUDITED_STREAMS: readonly string[] = STREAM_KINDS.filter(
  (kind) => kind !== exceptionStream && kind !== grantStream && kind !== findingStream,
).map(({ type }) => type);
