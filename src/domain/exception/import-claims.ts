import { canonicalJson } from '../ledger/canonical.ts';
import type { Claims } from './events.ts';
import { LIMITS } from './field-shapes.ts';
import { isMapping, quote, type RawRecord, type Remarks } from './import-remarks.ts';

/**
 * What a file says of its own status and approvals. An import makes drafts, otherwise a file would
 * approve itself (INTERFACE, Records): with `assign` these are kept as unverified claims, without
 * it they are refused. A file that says it is a Draft, without approvals, claims nothing.
 */
export function readClaims(
  record: RawRecord,
  { assign }: { readonly assign: boolean },
  remarks: Remarks,
): Claims | undefined {
  const status = readStatus(record.status, assign, remarks);
  const approvals = readApprovals(record.approvals, assign, remarks);
  if (status === undefined && approvals === undefined) return undefined;
  return { ...(status ? { status } : {}), ...(approvals ? { approvals } : {}) };
}

/** Refuses what only Lapse decides of a record, and says how it is done there. */
export function refuseDecided(record: RawRecord, remarks: Remarks): void {
  if (record.kind !== undefined && record.kind !== 'time-boxed') {
    remarks.refuse(
      ['kind'],
      `${quote(record.kind)} cannot be imported: a file makes time-boxed drafts, and a permanent exception grows out of renewals; time-boxed would pass, or leaving it out`,
      'decided',
    );
  }
  for (const key of ['renews', 'renewal_number']) {
    if (record[key] === undefined) continue;
    remarks.refuse(
      [key],
      'cannot be imported: a chain of renewals could be shed or made up that way; leave it out, import the record as a new one, or make the renewal from its predecessor with renew',
      'decided',
    );
  }
}

function readStatus(value: unknown, assign: boolean, remarks: Remarks): string | undefined {
  if (value === undefined || value === 'Draft') return undefined;
  const path = ['status'];
  if (typeof value !== 'string' || value.trim() === '' || !isStorable(value, LIMITS.title)) {
    remarks.refuse(path, `${quote(value)} is no status; Draft would pass, or leaving it out`);
    return undefined;
  }
  if (assign) {
    remarks.note(
      path,
      `the claimed status ${quote(value)} is kept as an unverified claim`,
      'claim',
    );
    return value;
  }
  remarks.refuse(
    path,
    `claims ${quote(value)}, but an import makes drafts; Draft would pass, or leaving it out; with assign it is kept as an unverified claim`,
    'claim',
  );
  return undefined;
}

function readApprovals(
  value: unknown,
  assign: boolean,
  remarks: Remarks,
): readonly unknown[] | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  const path = ['approvals'];
  if (!Array.isArray(value) || !value.every(isMapping) || value.length > LIMITS.list) {
    remarks.refuse(
      path,
      `must be a list of at most ${LIMITS.list} mappings such as {role: …, name: …, decision: …, date: …}, or be left out`,
    );
    return undefined;
  }
  if (!isStorable(value, LIMITS.recordBytes)) {
    remarks.refuse(path, 'must be well-formed Unicode without NUL, and at most 256 KB');
    return undefined;
  }
  const count = value.length === 1 ? '1 approval' : `${value.length} approvals`;
  if (assign) {
    remarks.note(path, `${count} claimed, kept as unverified claims: none of them counts`, 'claim');
    return value;
  }
  remarks.refuse(
    path,
    `claims ${count}, but an import makes drafts that are approved here; leave them out, or import with assign, which keeps them as unverified claims`,
    'claim',
  );
  return undefined;
}

function isStorable(value: unknown, limit: number): boolean {
  try {
    return canonicalJson(value).length <= limit;
  } catch {
    return false;
  }
}
