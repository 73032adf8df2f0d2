// Every table of the schema is in exactly one of these lists: a test compares them with the database.

/**
 * What a backup carries: all that cannot be derived. In an order in which rows can be loaded: those
 * that others refer to come first. `lapse_backup` may read these tables and no others.
 */
export const CARRIED_TABLES: readonly string[] = [
  'tenants',
  'secrets',
  'ledger_keys',
  'events',
  'event_payloads',
  'ledger_pending',
  'ledger_leaves',
  'ledger_nodes',
  'ledger_heads',
  'ledger_checkpoints',
  'policy_packs',
  'comments',
  'stored_files',
  'tasks',
  'audit_feeds',
  'audit_events',
  'import_keys',
  'idempotency',
  'reconciliations',
  'reconciliation_scopes',
  'reconciliation_findings',
];

/** What a restore makes anew by folding the events: projections, and the due rows that go with them. */
export const DERIVED_TABLES: readonly string[] = [
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
  'workloads',
  'relying_parties',
  'ledger_epochs',
  'policy_versions',
  'delegations',
  'tenant_standings',
  'task_acts',
  'exceptions',
  'exception_search',
  'exception_services',
  'exception_owners',
  'exception_policy_refs',
  'exception_awaited_roles',
  'exception_chain_places',
  'exception_deadlines',
  'exception_link_work',
  'grant_work',
  'finding_work',
  'exception_count_deltas',
  'exception_counts',
];

/** What belongs to the database or to the server that runs on it, and not to the register. */
export const LEFT_TABLES: readonly string[] = [
  'schema_migrations',
  // Whoever had a session signs in again: what opens one is not copied.
  'sessions',
  'sign_in_links',
  // Nobody answers a challenge that another server gave.
  'passkey_challenges',
  'worker_heartbeats',
  // What time brings about makes them again.
  'reconciliation_schedule',
  'connection_health',
  'test_clock',
];
