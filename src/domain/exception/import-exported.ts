import { isMapping, type RawRecord, type Remarks } from './import-remarks.ts';
import { REGISTER_COLUMNS } from './record-columns.ts';

/** Marks a predecessor among the external ids, where it identifies no record. */
export const RENEWS_PREFIX = 'renews:';

/** Whether a record comes out of a register: nobody writes a revision by hand. */
export function isExported(record: RawRecord): boolean {
  return Number.isSafeInteger(record.revision) && Number(record.revision) > 0;
}

/** A record as a file would give it, and what is added to its `external_ids`. */
export interface WithoutRegister {
  readonly record: RawRecord;
  readonly externalIds: readonly string[];
}

/**
 * Takes from an exported record what the register that it comes from says of it by itself: an
 * import makes drafts, and this register says the same of them once they get there. Claims that it
 * had taken over from a file before stay claims; with `assign` the record that it renews is kept
 * among the external ids, since a chain cannot be imported.
 */
export function withoutRegister(
  exported: RawRecord,
  { assign }: { readonly assign: boolean },
  remarks: Remarks,
): WithoutRegister {
  const record: Record<string, unknown> = { ...exported };
  const aside: string[] = [];
  for (const { name } of REGISTER_COLUMNS) {
    if (name !== 'revision' && name !== 'claims' && !isNothing(record[name])) aside.push(name);
    delete record[name];
  }
  if (isMapping(exported.claims) && record.status === 'Draft') {
    const { status, approvals } = exported.claims;
    if (status !== undefined) record.status = status;
    if (approvals !== undefined) record.approvals = approvals;
  }
  if (aside.length > 0) {
    remarks.note(
      ['revision'],
      `what the register that it comes from says of it is not imported: ${aside.join(', ')}`,
      'decided',
    );
  }
  settleTwoEnds(record, remarks);
  return { record, externalIds: takeChain(record, assign, remarks) };
}

/** Approval fixes an end where a duration was asked for; as a draft it has the duration again. */
function settleTwoEnds(record: Record<string, unknown>, remarks: Remarks): void {
  if (isNothing(record.expires_at) || isNothing(record.requested_duration)) return;
  remarks.note(
    ['expires_at'],
    `approval had fixed it; it is left out, and requested_duration (${String(record.requested_duration).slice(0, 40)}) sets the end again`,
    'end',
  );
  delete record.expires_at;
}

function takeChain(record: Record<string, unknown>, assign: boolean, remarks: Remarks): string[] {
  const { renews } = record;
  if (isNothing(renews)) {
    delete record.renews;
    if (record.renewal_number === 0) delete record.renewal_number;
    return [];
  }
  if (!assign || typeof renews !== 'string' || renews.length > 100) return [];
  remarks.note(
    ['renews'],
    `a chain of renewals cannot be imported; ${renews} is kept in external_ids`,
    'id',
  );
  delete record.renews;
  delete record.renewal_number;
  return [`${RENEWS_PREFIX}${renews}`];
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
