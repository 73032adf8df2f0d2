import type pg from 'pg';
import type { TestApi } from '../support/test-api.ts';

/** What the ledger and the register that follows from it are kept in. */
export const JOURNAL_TABLES = [
  'events',
  'event_payloads',
  'exceptions',
  'exception_search',
  'exception_owners',
  'exception_policy_refs',
  'exception_awaited_roles',
  'exception_chain_places',
  'exception_services',
  'exception_deadlines',
  'exception_link_work',
  'grant_work',
  'finding_work',
  'exception_count_deltas',
  'exception_counts',
  'ledger_leaves',
  'ledger_nodes',
  'ledger_heads',
  'ledger_checkpoints',
  'ledger_epochs',
  'ledger_pending',
];
const TABLES = [
  ...JOURNAL_TABLES,
  'tenants',
  'tasks',
  'policy_packs',
  'policy_versions',
  'tokens',
  'people',
  'person_subjects',
  'groups',
  'group_members',
  'providers',
  'connections',
  'grants',
  'findings',
  'alerts',
  'audit_feeds',
  'audit_events',
  'relying_parties',
  'delegations',
  'workloads',
  'tenant_standings',
  'task_acts',
  'secrets',
  'ledger_keys',
  'idempotency',
];

/** Takes a copy of the database as it stands. */
export async function copyAside(admin: pg.Client, name = 'public'): Promise<void> {
  if (name !== 'public') await admin.query(`CREATE SCHEMA ${name}`);
  for (const table of TABLES)
    await admin.query(`CREATE TABLE ${name}.${table} AS TABLE lapse.${table}`);
}

/** Puts a copy back, as its owner could: what came after it is gone, and nothing else shows. */
export async function restoreCopy(admin: pg.Client, name = 'public'): Promise<void> {
  const statements = TABLES.map(
    (table) => `DELETE FROM lapse.${table};
      INSERT INTO lapse.${table} OVERRIDING SYSTEM VALUE SELECT * FROM ${name}.${table};`,
  );
  // As pg_restore does it: no foreign key is looked at meanwhile.
  await admin.query(
    `BEGIN; SET LOCAL session_replication_role = replica; ${statements.join('\n')} COMMIT`,
  );
}

/** A draft, which is one entry of the ledger. */
export function draft(api: TestApi, title: string) {
  return api.send('POST', '/v1/exceptions', { as: 'requestor', body: { title } });
}
