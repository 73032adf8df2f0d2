import { FULL_CLEARANCE } from '../access/clearance.ts';
import { isUlid } from '../ids.ts';
import type { Policy } from '../policy/policy.ts';
import { DAY, formatInstant, type Instant, parseDate, parseInstant } from '../schedule/instant.ts';
import { CHECK_RULES, type CheckLevel, type CheckRule } from './check-rules.ts';
import { missingForRequest } from './completeness.ts';
import type { ExceptionFields } from './fields.ts';
import type { ImportKey } from './import-key.ts';
import { type ImportReading, importRecord } from './import-record.ts';
import { isMapping, type Path, type RawRecord, type Remark } from './import-remarks.ts';
import { missingByPolicy } from './policy-demands.ts';

/** What a record is checked against; where it will go is not known. */
export interface CheckContext {
  readonly now: Instant;
  readonly policy: Policy;
}

/** Something found in a record. */
export interface RecordFinding {
  readonly rule: CheckRule;
  readonly level: CheckLevel;
  readonly path: Path;
  readonly message: string;
}

/** What came of checking one record. */
export interface CheckedRecord {
  readonly findings: readonly RecordFinding[];
  /** Its end, if it has one that can be read. */
  readonly expiresAt?: Instant;
  /** What tells it from other records of its file; empty where an import would refuse it. */
  readonly keys: readonly ImportKey[];
}

/** The last notice but one of 002, "Notification Schedule": a week before the end. */
const ENDS_SOON = 7 * DAY;

/**
 * What an import, and then a submit, would say of a record in a file. What an import refuses unless
 * it is told to keep it aside is a warning; all else that either refuses is an error. An end that
 * has passed is an error like one that cannot be read: neither is in force.
 */
export function checkRecord(value: unknown, context: CheckContext): CheckedRecord {
  const reading = readForImport(value, context);
  if (!isMapping(value)) return { findings: reading.problems.map(ofRemark), keys: [] };
  const end = readEnd(value.expires_at);
  const problems = reading.problems.map((remark) => ofProblem(remark, end, context.now));
  const refused = new Set(problems.map(({ path }) => path[0]));
  const fields = reading.draft?.fields ?? withoutEmpty(value);
  const missing = missingForRequest(fields).filter(({ path }) => !refused.has(path));
  const draft = mended(value, reading, context);
  // Of a record that cannot be read nobody knows which rules match.
  const demanded = draft ? missingByPolicy(context.policy, draft.fields) : [];
  const findings = [
    ...problems,
    ...reading.notes.map((remark) => ({ ...ofRemark(remark), level: 'note' as const })),
    ...reading.warnings.map(ofRemark),
    ...[...missing, ...demanded].map(({ path, message }) =>
      finding('incomplete', path.split('.'), message),
    ),
    ...endsSoon(end, context.now),
  ];
  const keys = draft?.keys ?? [];
  return { findings, keys, ...(end === undefined ? {} : { expiresAt: end }) };
}

/** Any well-formed tenant may be that of whoever imports the record. */
function readForImport(value: unknown, context: CheckContext, assign = false): ImportReading {
  const tenant = isMapping(value) ? value.tenant_org : undefined;
  const tenantId = typeof tenant === 'string' && isUlid(tenant) ? tenant : "your tenant's id";
  return importRecord(value, { ...context, tenantId, clearance: FULL_CLEARANCE, assign });
}

/** The draft that is made of it where everything that is refused can be kept aside. */
function mended(value: RawRecord, reading: ImportReading, context: CheckContext) {
  const canBeKept = reading.problems.every(({ rule }) => CHECK_RULES[rule].level !== 'error');
  return canBeKept ? readForImport(value, context, true).draft : undefined;
}

function ofProblem(remark: Remark, end: Instant | undefined, now: Instant): RecordFinding {
  const isEnd = remark.rule === 'end' && remark.path[0] === 'expires_at';
  if (!isEnd || end === undefined || end > now) return ofRemark(remark);
  const message = `${formatInstant(end)} has passed, and with it what the record permitted; leave it out or give a later end to ask anew`;
  return finding('ended', remark.path, message);
}

function ofRemark({ rule, path, message }: Remark): RecordFinding {
  return finding(rule, path, message);
}

function finding(rule: CheckRule, path: Path, message: string): RecordFinding {
  return { rule, level: CHECK_RULES[rule].level, path, message };
}

function endsSoon(end: Instant | undefined, now: Instant): RecordFinding[] {
  if (end === undefined || end <= now || end - now > ENDS_SOON) return [];
  const days = Math.ceil((end - now) / DAY);
  const within = days === 1 ? 'a day' : `${days} days`;
  return [finding('ends-soon', ['expires_at'], `ends within ${within}`)];
}

function readEnd(value: unknown): Instant | undefined {
  if (typeof value !== 'string') return undefined;
  return parseInstant(value.trim()) ?? parseDate(value.trim());
}

/** As good as fields for finding out what is not there. */
function withoutEmpty(record: RawRecord): ExceptionFields {
  const filled = Object.entries(record).filter(([, value]) => value !== null);
  return Object.fromEntries(filled) as unknown as ExceptionFields;
}
