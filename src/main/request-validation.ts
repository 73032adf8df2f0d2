import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { DomainError, type FieldError } from '../domain/errors.ts';
import { exceptionEdit, exceptionFields } from '../domain/exception/fields.ts';
import { type Parsed, parseEdit, parseFields } from '../domain/exception/parse-fields.ts';
import { fieldErrors } from '../domain/field-errors.ts';
import { policyPack } from '../domain/policy/policy-pack.ts';
import { parsePack } from '../domain/policy/read-pack.ts';

/** Schemas whose rules go beyond what zod can say. */
const PARSERS = new Map<unknown, (input: unknown) => Parsed<unknown>>([
  [exceptionFields, parseFields],
  [exceptionEdit, parseEdit],
  [policyPack, parsePack],
]);

/** Checks a body, query or parameters; the refusal names every field, and the nearest known key. */
export const requestValidator: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  const parse = PARSERS.get(schema) ?? parserOf(schema as z.ZodType);
  const code = httpPart === 'body' ? 'invalid-record' : 'invalid-request';
  return (input: unknown) => {
    // Fastify says null where a request has no body.
    const parsed = parse(input ?? undefined);
    return 'value' in parsed ? { value: parsed.value } : { error: refusal(code, parsed.errors) };
  };
};

function parserOf(schema: z.ZodType): (input: unknown) => Parsed<unknown> {
  const known = { at: (path: readonly PropertyKey[]) => keysAt(schema, path) };
  return (input) => {
    const result = schema.safeParse(input);
    return result.success ? { value: result.data } : { errors: fieldErrors(result.error, known) };
  };
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  if (path.length > 0) return [];
  let inner: unknown = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodOptional)
    inner = inner.def.innerType;
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function refusal(
  code: 'invalid-record' | 'invalid-request',
  errors: readonly FieldError[],
): DomainError {
  const first = errors[0];
  const detail = first
    ? `${first.path || 'the body'} ${first.message}`
    : 'the request is not valid';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new DomainError(code, detail + more, errors);
}
