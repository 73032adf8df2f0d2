import type { z } from 'zod';
import { DomainError, type FieldError } from '../errors.ts';
import { LIMITS } from './field-shapes.ts';
import {
  type ExceptionEdit,
  type ExceptionFields,
  exceptionEdit,
  exceptionFields,
  NESTED_KEYS,
  SYSTEM_FIELDS,
} from './fields.ts';
import { nearestKey } from './nearest-key.ts';
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
  if (!result.success) return { errors: fieldErrors(result.error) };
  const bytes = new TextEncoder().encode(JSON.stringify(result.data)).length;
  if (bytes > LIMITS.recordBytes) {
    const message = `the record has ${bytes.toLocaleString('en')} bytes; a record may have at most ${LIMITS.recordBytes.toLocaleString('en')} (256 KB)`;
    return { errors: [{ path: '', message }] };
  }
  const errors = contradictions(result.data as Partial<ExceptionFields>);
  return errors.length > 0 ? { errors } : { value: result.data };
}

/** zod's issues as one line a field; an unknown key names the nearest known one. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => issueErrors(issue, []));
}

function issueErrors(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): FieldError[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key].map(String).join('.'),
      message: unknownKey(key, path),
    }));
  }
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors);
    if (branch) return branch.flatMap((inner) => issueErrors(inner, path));
  }
  return [{ path: path.map(String).join('.'), message: plainMessage(issue) }];
}

function plainMessage(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined && issue.message.endsWith('received undefined')
      ? 'is required'
      : issue.message
          .replace('Invalid input: expected', 'must be of type')
          .replace('received', 'but is');
  }
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map(String).join(', ')}`;
  return issue.message;
}

/**
 * Of a union's branches, the one that understood most of the value: a wrong entry in a list should
 * speak of the entry, not say that a text was expected.
 */
function nearestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const depth = (issues: z.core.$ZodIssue[]) => {
    const mismatch = issues.some(
      (issue) => issue.code === 'invalid_type' && issue.path.length === 0,
    );
    return mismatch ? -1 : Math.max(0, ...issues.map((issue) => issue.path.length));
  };
  const matching = branches.filter((issues) => depth(issues) >= 0);
  return matching.sort((a, b) => depth(b) - depth(a))[0];
}

function unknownKey(key: string, path: readonly PropertyKey[]): string {
  if (path.length === 0 && (SYSTEM_FIELDS as readonly string[]).includes(key)) {
    return 'is set by Lapse and cannot be given here';
  }
  const near = nearestKey(key, knownKeys(path));
  return near
    ? `unknown key; did you mean ${near}?`
    : 'unknown key; see the field dictionary for those that exist';
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const names = path.filter((part) => typeof part === 'string');
  if (names.length === 0) return Object.keys(exceptionFields.shape);
  return NESTED_KEYS[names.join('.')] ?? [];
}

/** What the fields say against one another; empty where they agree. */
export function contradictions(
  fields: Partial<{ [K in keyof ExceptionFields]: ExceptionFields[K] | null }>,
): FieldError[] {
  const errors: FieldError[] = [];
  const { likelihood, impact } = fields;
  const right = likelihood && impact ? riskScore({ likelihood, impact }) : undefined;
  if (typeof fields.risk_score === 'number' && right !== undefined && fields.risk_score !== right) {
    errors.push({
      path: 'risk_score',
      message: `is ${fields.risk_score}, but likelihood ${likelihood} and impact ${impact} give ${right}; leave it out or write ${right}`,
    });
  }
  if (fields.expires_at && fields.requested_duration) {
    errors.push({
      path: 'requested_duration',
      message: 'give either expires_at or requested_duration, not both',
    });
  }
  if (fields.expires_at && fields.effective_from && fields.expires_at <= fields.effective_from) {
    errors.push({
      path: 'expires_at',
      message: `must lie after effective_from (${fields.effective_from})`,
    });
  }
  return errors;
}
