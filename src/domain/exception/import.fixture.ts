import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { type ImportContext, importRecord } from './import-record.ts';
import type { Remark } from './import-remarks.ts';

const NOW = Date.UTC(2026, 2, 1);
export const TENANT = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
export const plain: ImportContext = {
  tenantId: TENANT,
  clearance: 'confidential',
  assign: false,
  now: NOW,
  policy: BUILT_IN_POLICY,
};
export const assigning: ImportContext = { ...plain, assign: true };

/** What came of a record with a title and these keys; remarks as `path: message`. */
export function read(keys: object, context = plain) {
  const { draft, problems, notes, warnings } = importRecord({ title: 'A', ...keys }, context);
  const said = (remarks: readonly Remark[]) =>
    remarks.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { draft, problems: said(problems), notes: said(notes), warnings: said(warnings) };
}
