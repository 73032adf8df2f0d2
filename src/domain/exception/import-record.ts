import { type Classification, clearanceProblem } from '../access/clearance.ts';
import type { Policy } from '../policy/policy.ts';
import { formatInstant, type Instant, parseInstant } from '../schedule/instant.ts';
import type { Claims } from './events.ts';
import { LIMITS } from './field-shapes.ts';
import type { ExceptionFields } from './fields.ts';
import { readClaims, refuseDecided } from './import-claims.ts';
import { readDates } from './import-dates.ts';
import { settleEnd } from './import-end.ts';
import { isEpac, readEpac } from './import-epac.ts';
import { isExported, withoutRegister } from './import-exported.ts';
import { readFields } from './import-fields.ts';
import { readIdentity } from './import-identity.ts';
import { type ImportKey, importKeys } from './import-key.ts';
import { isMapping, type RawRecord, type Remark, Remarks } from './import-remarks.ts';

/** What a record from a file is measured against. */
export interface ImportContext {
  readonly tenantId: string;
  /** Of who imports: what is above it is refused (ADR 0035). */
  readonly clearance: Classification;
  /** Mends what identifies or decides a record elsewhere, with a note, instead of refusing it. */
  readonly assign: boolean;
  readonly now: Instant;
  readonly policy: Policy;
}

/** A record that can be drafted. */
export interface ImportDraft {
  /** The id that the file gives and the record keeps; without one Lapse makes it. */
  readonly exceptionId?: string;
  readonly fields: ExceptionFields;
  readonly claims?: Claims;
  /** Size of fields and claims as JSON in UTF-8. */
  readonly bytes: number;
  /** At least one. */
  readonly keys: readonly ImportKey[];
}

/** What came of a record: a draft exactly where there are no problems. */
export interface ImportReading {
  readonly draft?: ImportDraft;
  readonly problems: readonly Remark[];
  /** What was changed on the way, which a person should know. */
  readonly notes: readonly Remark[];
  /** What was read otherwise than it is written. */
  readonly warnings: readonly Remark[];
}

/**
 * Reads one record of a file as a draft, telling everything that is wrong with it at once. Beyond
 * the fields of the API a file may hold `exception_id` (a valid `EXC_`+ULID is kept as the id; a
 * UUID goes to `external_ids`; what is neither goes there with `assign` and is refused without),
 * `status` and `approvals` (claims), `kind: time-boxed`, and plain dates. Every draft that comes
 * back passes `decideDraft` at the same `now`. Sources: INTERFACE, Records; DESIGN section 1.
 */
export function importRecord(value: unknown, context: ImportContext): ImportReading {
  const remarks = new Remarks();
  if (isMapping(value) && isEpac(Object.keys(value))) return importExemption(value, context);
  const draft = isMapping(value) ? readDraft({ value }, context, remarks) : undefined;
  if (!isMapping(value)) {
    remarks.refuse([], 'must be a mapping of fields, such as "title: …" and "category: …"');
  }
  return readingOf(draft, remarks);
}

function readingOf(draft: ImportDraft | undefined, remarks: Remarks): ImportReading {
  const { problems, notes, warnings } = remarks;
  return draft && problems.length === 0
    ? { draft, problems, notes, warnings }
    : { problems, notes, warnings };
}

/** An exemption of an EPAC file, with remarks that name the keys of that file. */
function importExemption(value: RawRecord, context: ImportContext): ImportReading {
  const remarks = new Remarks();
  const { record, sources, givenId } = readEpac(value, remarks);
  const draft = readDraft({ value: record, exemption: { givenId } }, context, remarks);
  return readingOf(draft, remarks.renamed(sources));
}

/** A record as it stands in a file. */
interface GivenRecord {
  readonly value: RawRecord;
  /** Of an exemption: the id that it has in Azure, for which there is no field. */
  readonly exemption?: { readonly givenId: string | undefined };
}

function readDraft(
  { value, exemption }: GivenRecord,
  context: ImportContext,
  remarks: Remarks,
): ImportDraft | undefined {
  const exported = isExported(value) ? withoutRegister(value, context, remarks) : undefined;
  const record = withoutEmpty(exported?.record ?? value, remarks);
  const identity = readIdentity(record, context, remarks);
  const claims = readClaims(record, context, remarks);
  refuseDecided(record, remarks);
  const { exception_id, tenant_org, status, approvals, kind, renews, renewal_number, ...rest } =
    record;
  const { expires_at: end, ...dated } = readDates(rest, remarks);
  const readable = readFields(dated, remarks);
  if (!readable) return undefined;
  const settled = settleEnd(readable, normalInstant(end), context, remarks);
  const kept = [...identity.externalIds, ...(exported?.externalIds ?? [])];
  const fields = withExternalIds(settled, kept, remarks);
  const aboveClearance = clearanceProblem(context.clearance, fields);
  if (aboveClearance !== undefined) remarks.refuse(['data_classification'], aboveClearance);
  if (remarks.problems.length > 0) return undefined;
  const bytes = bytesOf(fields) + bytesOf(claims);
  if (bytes > LIMITS.recordBytes) {
    remarks.refuse(
      [],
      `the record has more than ${LIMITS.recordBytes.toLocaleString('en')} bytes (256 KB) with its claims; shorten it`,
      'size',
    );
    return undefined;
  }
  // What these hold of other systems may be shared between records; they have ids of their own.
  const shared = exported || exemption ? [] : (settled.external_ids ?? []);
  const keys = importKeys(value, exemption?.givenId ?? identity.givenId, shared);
  const { exceptionId } = identity;
  return {
    fields,
    bytes,
    keys,
    ...(exceptionId ? { exceptionId } : {}),
    ...(claims ? { claims } : {}),
  };
}

/** YAML files are often filled-in templates: a key with nothing after it is a field left out. */
function withoutEmpty(record: RawRecord, remarks: Remarks): RawRecord {
  for (const [key, value] of Object.entries(record)) {
    if (value === null) remarks.warn([key], 'is empty, and read as left out', 'empty');
  }
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

function withExternalIds(
  fields: ExceptionFields,
  externalIds: readonly string[],
  remarks: Remarks,
): ExceptionFields {
  if (externalIds.length === 0) return fields;
  const external_ids = [...new Set([...(fields.external_ids ?? []), ...externalIds])];
  if (external_ids.length > LIMITS.list) {
    remarks.refuse(
      ['external_ids'],
      `must have at most ${LIMITS.list} entries, those included that are kept from exception_id and tenant_org`,
    );
  }
  return { ...fields, external_ids };
}

/** The normal form of an end that was found to be an instant before. */
function normalInstant(value: unknown): string | undefined {
  const instant = typeof value === 'string' ? parseInstant(value.trim()) : undefined;
  return instant === undefined ? undefined : formatInstant(instant);
}

function bytesOf(value: unknown): number {
  return value === undefined ? 0 : new TextEncoder().encode(JSON.stringify(value)).length;
}
