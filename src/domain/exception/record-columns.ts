/** How a value stands in one cell of a table; `record-cells.ts` writes and reads it. */
export type CellKind =
  | 'text'
  | 'number'
  /** Texts, one a line. */
  | 'texts'
  | 'person'
  /** Persons, one a line. */
  | 'people'
  /** The summary of a plan that has nothing else. */
  | 'plan'
  | 'structure';

/** A column of the register as a table. */
export interface RecordColumn {
  /** The name of the field, as everywhere. */
  readonly name: string;
  readonly kind: CellKind;
}

const column = (kind: CellKind, ...names: readonly string[]): RecordColumn[] =>
  names.map((name) => ({ name, kind }));

/** What people write, and who a record is: the field dictionary of 000 section 3.1 in its order, then ours. */
export const FILE_COLUMNS: readonly RecordColumn[] = [
  ...column('text', 'exception_id', 'title', 'category'),
  ...column('texts', 'policy_ref'),
  ...column('text', 'adr_id'),
  ...column('person', 'requestor'),
  ...column('text', 'tenant_org', 'environment', 'data_classification', 'threat_model_link'),
  ...column('text', 'stride', 'likelihood', 'impact'),
  ...column('number', 'risk_score'),
  ...column('texts', 'compensating_controls'),
  ...column('structure', 'telemetry', 'approvals'),
  ...column('text', 'effective_from', 'expires_at'),
  ...column('plan', 'remediation_plan'),
  ...column('texts', 'dependencies'),
  ...column('text', 'versioning_impact', 'status'),
  ...column('texts', 'evidence'),
  ...column('text', 'control'),
  ...column('structure', 'grants'),
  ...column(
    'text',
    'ticket_id',
    'justification',
    'risk_review',
    'expiry_actions',
    'requested_duration',
  ),
  ...column('text', 'end_condition'),
  ...column('people', 'owners'),
  ...column('texts', 'services', 'apis', 'models', 'consumers'),
  ...column('text', 'change_class'),
  ...column('structure', 'scope'),
  ...column('text', 'scope_justification'),
  ...column('structure', 'artifacts'),
  ...column('texts', 'external_ids'),
  ...column('text', 'kind', 'renews'),
  ...column('number', 'renewal_number'),
];

/**
 * What a register says of a record by itself. An import sets it aside where the record comes from a
 * register, which `revision` tells.
 */
export const REGISTER_COLUMNS: readonly RecordColumn[] = [
  ...column('number', 'revision'),
  ...column('text', 'severity', 'in_force', 'overdue'),
  ...column('number', 'age_days'),
  ...column('text', 'created_at'),
  ...column('structure', 'created_by'),
  ...column('text', 'updated_at', 'submitted_at', 'lapses_at', 'awaited_since'),
  ...column('structure', 'escalations'),
  ...column('text', 'policy'),
  ...column('structure', 'requirements', 'claims'),
  ...column('text', 'approved_at', 'original_expires_at'),
  ...column('structure', 'controls_confirmed'),
  ...column('text', 'activated_at', 'next_deadline'),
  ...column('texts', 'reminders'),
  ...column('text', 'extended_at'),
  ...column('structure', 'pending_change', 'break_glass', 'owed', 'permanence', 'decision'),
  ...column('text', 'renewed_by', 'ended_at', 'ended_note'),
  ...column('structure', 'closed'),
  ...column('text', 'archived_at'),
  ...column('structure', 'evidence_files', 'link_readings'),
  ...column('structure', 'violations'),
];

/** Every column of an export. */
export const RECORD_COLUMNS: readonly RecordColumn[] = [...FILE_COLUMNS, ...REGISTER_COLUMNS];
