import { isExceptionId, isForeignExceptionId } from '../ids.ts';
import { LIMITS } from './field-shapes.ts';
import { quote, type RawRecord, type Remarks } from './import-remarks.ts';

/** Who a record is, by what its file says. */
export interface ImportIdentity {
  /** The id that it keeps; without one Lapse makes it. */
  readonly exceptionId?: string;
  /** The id that the file gives it, kept or not: what tells a second import of the record. */
  readonly givenId?: string;
  /** What is added to `external_ids`. */
  readonly externalIds: readonly string[];
}

/** What an identity is measured against. */
export interface IdentityContext {
  readonly tenantId: string;
  readonly assign: boolean;
}

const ULID_LENGTH = 26;
/** Marks a tenant among the external ids, where it identifies no record. */
export const TENANT_PREFIX = 'tenant_org:';

/**
 * Reads `exception_id` and `tenant_org` (INTERFACE, Records). Ids of Lapse are `EXC_` and a ULID:
 * a valid one from outside stays the record's id, so that links to it hold; a UUID is valid outside
 * (000 section 3.1) and goes to `external_ids`; anything else goes there with `assign` and is
 * refused without it. A tenant that is not the caller's is treated like the last.
 */
export function readIdentity(
  record: RawRecord,
  context: IdentityContext,
  remarks: Remarks,
): ImportIdentity {
  const tenant = readTenant(record.tenant_org, context, remarks);
  const id = readId(record.exception_id, context, remarks);
  if (id === undefined) return { externalIds: tenant };
  return isExceptionId(id)
    ? { exceptionId: id, givenId: id, externalIds: tenant }
    : { givenId: id, externalIds: [id, ...tenant] };
}

function readId(value: unknown, { assign }: IdentityContext, remarks: Remarks): string | undefined {
  if (value === undefined) return undefined;
  const path = ['exception_id'];
  const text = asText(value, LIMITS.title);
  if (text === undefined) {
    remarks.refuse(path, `${quote(value)} is no id; ${ID_PASSES}`);
    return undefined;
  }
  if (isExceptionId(text)) return text;
  if (isForeignExceptionId(text)) {
    remarks.note(path, `the UUID ${text} is kept in external_ids, and Lapse makes an id`, 'id');
  } else if (assign) {
    remarks.note(path, `${whyNoId(text)}; it is kept in external_ids, and Lapse makes an id`, 'id');
  } else {
    remarks.refuse(
      path,
      `${whyNoId(text)}; ${ID_PASSES}; with assign it is kept in external_ids, and Lapse makes an id`,
      'id',
    );
  }
  return text;
}

const ID_PASSES = `EXC_ and a ULID of ${ULID_LENGTH} characters would pass, or a UUID, or leaving it out`;

function whyNoId(text: string): string {
  const length = text.startsWith('EXC_') ? text.length - 4 : undefined;
  const found =
    length === undefined || length === ULID_LENGTH
      ? ''
      : ` (${length} characters after EXC_ instead of ${ULID_LENGTH})`;
  return `${quote(text)} is not EXC_ and a valid ULID${found}`;
}

function readTenant(
  value: unknown,
  { tenantId, assign }: IdentityContext,
  remarks: Remarks,
): readonly string[] {
  if (value === undefined || value === tenantId) return [];
  const path = ['tenant_org'];
  const passes = `${tenantId} would pass, or leaving it out`;
  const text = asText(value, LIMITS.title - TENANT_PREFIX.length);
  if (text === undefined) {
    remarks.refuse(path, `${quote(value)} is no tenant; ${passes}`);
    return [];
  }
  const kept = `${TENANT_PREFIX}${text}`;
  if (assign) {
    remarks.note(path, `${quote(text)} is not your tenant; it is kept in external_ids`, 'tenant');
    return [kept];
  }
  remarks.refuse(
    path,
    `${quote(text)} is not your tenant; ${passes}; with assign it is kept in external_ids`,
    'tenant',
  );
  return [kept];
}

function asText(value: unknown, limit: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const fits = text !== '' && text.length <= limit;
  return fits && text.isWellFormed() && !text.includes('\0') ? text : undefined;
}
