import type { z } from 'zod';
import { DomainError, type FieldError } from '../errors.ts';
import { fieldErrors, type KnownKeys } from '../field-errors.ts';
import { LIMITS } from './field-shapes.ts';
import {
  type ExceptionEdit,
  type ExceptionFields,
  exceptionEdit,
  exceptionFields,
  NESTED_KEYS,
  SYSTEM_FIELDS,
} from './fields.ts';
import { riskScore } from './risk.ts';

/** What reading a value gave: the fields, or every problem in it. */
export type Parsed<T> = { readonly value: T } | { readonly errors: readonly FieldError[] };

/** Reads a draft's fields from an untrusted value, with every problem named. */
export function parseFields(input: unknown): Parsed<ExceptionFields> {
  return parse(exceptionFields, input);
}

/** Reads an edit (fields to set, `null` to take away) from an untrusted value. */
export function parseEdit(input: unknown): Parsed<ExceptionEdit> {
  return parse(exceptionEdit, input);
}

/** As `parseFields`, for callers that refuse at the first sight of a problem. */
export function fieldsOrRefuse<T>(parsed: Parsed<T>): T {
  if ('value' in parsed) return parsed.value;
  const first = parsed.errors[0];
  const detail = first ? `${first.path || 'record'}: ${first.message}` : 'the record is not valid';
  const more = parsed.errors.length > 1 ? ` (and ${parsed.errors.length - 1} more)` : '';
  throw new DomainError('invalid-record', detail + more, parsed.errors);
}

function parse<T>(schema: z.ZodType<T>, input: unknown): Parsed<T> {
  const result = schema.safeParse(input);
  if (!result.success) return { errors: fieldErrors(result.error, KNOWN_KEYS) };
  const fields = result.data as Partial<ExceptionFields>;
  const tooLarge = limitProblems(fields);
  const errors = tooLarge.length > 0 ? tooLarge : contradictions(fields);
  // As JSON holds it, without keys whose value is undefined: an event has to read back the same.
  return errors.length > 0 ? { errors } : { value: JSON.parse(JSON.stringify(fields)) };
}

/**
 * What a record's fields exceed as a whole, after edits and additions too, each of which may be
 * small enough by itself (INTERFACE, Records: limits). Empty where they are within the limits.
 */
export function limitProblems(fields: Partial<Nullable<ExceptionFields>>): FieldError[] {
  const entries = fields.evidence?.length ?? 0;
  if (entries > LIMITS.list) {
    const message = `would have ${entries} entries; a list may have at most ${LIMITS.list}`;
    return [{ path: 'evidence', message }];
  }
  const text = JSON.stringify(fields);
  // A UTF-16 code unit is three bytes at most.
  if (text.length <= LIMITS.recordBytes / 3) return [];
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= LIMITS.recordBytes) return [];
  const message = `has ${bytes.toLocaleString('en')} bytes; a record may have at most ${LIMITS.recordBytes.toLocaleString('en')} (256 KB)`;
  return [{ path: '', message }];
}

type Nullable<T> = { [K in keyof T]: T[K] | null };

const KNOWN_KEYS: KnownKeys = {
  at(path) {
    const names = path.filter((part) => typeof part === 'string');
    return names.length === 0
      ? Object.keys(exceptionFields.shape)
      : (NESTED_KEYS[names.join('.')] ?? []);
  },
  reserved(key, path) {
    const isSystem = path.length === 0 && (SYSTEM_FIELDS as readonly string[]).includes(key);
    return isSystem ? 'is set by Lapse and cannot be given here' : undefined;
  },
};

/** What the fields say against one another; empty where they agree. */
export function contradictions(fields: Partial<Nullable<ExceptionFields>>): FieldError[] {
  const errors: FieldError[] = [];
  const { likelihood, impact } = fields;
  const right = likelihood && impact ? riskScore({ likelihood, impact }) : undefined;
  if (typeof fields.risk_score === 'number' && right !== undefined && fields.risk_score !== right) {
    errors.push({
      path: 'risk_score',
      message: `is ${fields.risk_score}, but likelihood ${likelihood} and impact ${impact} give ${right}; leave it out (in an edit: null) or write ${right}`,
    });
  }
  if (fields.expires_at && fields.requested_duration) {
    errors.push({
      path: 'requested_duration',
      message:
        'give either expires_at or requested_duration, not both; in an edit, null takes one away',
    });
  }
  if (fields.expires_at && fields.effective_from && fields.expires_at <= fields.effective_from) {
    errors.push({
      path: 'expires_at',
      message: `must lie after effective_from (${fields.effective_from}); give a later end or an earlier start`,
    });
  }
  return errors;
}
