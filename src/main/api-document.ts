import { globalRegistry, type z } from 'zod';
import { exceptionEdit, exceptionFields } from '../domain/exception/fields.ts';
import { policyPack } from '../domain/policy/policy-pack.ts';
import { exceptionAnswer, oneException } from '../features/exceptions/exception-schemas.ts';
import { exceptionSummary } from '../features/exceptions/exception-summary.ts';

type Json = { [key: string]: unknown };
interface Operation extends Json {
  parameters?: Json[];
  responses?: Json;
  operationId?: string;
}
type Paths = { [path: string]: { [method: string]: Operation } };

/** Shapes that stand once in the document, under a name, instead of in every operation. */
const NAMED: readonly (readonly [string, z.ZodType])[] = [
  ['ExceptionRecord', exceptionAnswer],
  ['ExceptionSummary', exceptionSummary],
  ['OneException', oneException],
  ['ExceptionFields', exceptionFields],
  ['ExceptionEdit', exceptionEdit],
  ['PolicyPack', policyPack],
];

/** Gives the shapes that several operations share their names; again it changes nothing. */
export function nameSharedSchemas(): void {
  for (const [id, schema] of NAMED) {
    if (!globalRegistry.has(schema)) globalRegistry.add(schema, { id });
  }
}

/**
 * What holds for every operation and no route says for itself: refusals as problem details, the
 * headers of changes, a name for generated clients. Shapes that nothing refers to are left out.
 */
export function completeDocument(document: Json): Json {
  const paths = Object.fromEntries(
    Object.entries((document.paths ?? {}) as Paths).map(([path, operations]) => [
      path.replace('{*}', '{path}'),
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          completeOperation(path, method, operation),
        ]),
      ),
    ]),
  );
  const components = (document.components ?? {}) as Json;
  const schemas = { ...((components.schemas ?? {}) as Json), Problem: PROBLEM };
  return {
    ...document,
    paths,
    components: {
      ...components,
      responses: { Problem: PROBLEM_RESPONSE },
      schemas: referredSchemas(schemas, [paths, PROBLEM_RESPONSE]),
    },
  };
}

const PROBLEM = {
  type: 'object',
  description: 'RFC 9457 problem details',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'what was refused, and what would pass' },
    code: { type: 'string', description: 'stable; programs may switch on it' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'the field, dotted' },
          message: { type: 'string' },
          line: { type: 'integer', description: 'of an imported file, from 1' },
          column: { type: 'integer', description: 'of an imported file, from 1' },
        },
        required: ['path', 'message'],
      },
    },
    request_id: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
} as const;

const PROBLEM_RESPONSE = {
  description: 'Refused, or failed: problem details say why and what would pass',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
} as const;

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'a request that is sent again with the same key has the same answer',
  schema: { type: 'string', maxLength: 200 },
};
const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description: 'the ETag of what is changed, as it was read',
  schema: { type: 'string' },
};
const REST_OF_PATH = { name: 'path', in: 'path', required: true, schema: { type: 'string' } };

function completeOperation(path: string, method: string, operation: Operation): Operation {
  const parameters = (operation.parameters ?? []).filter(({ name }) => name !== '*');
  if (path.includes('{*}')) parameters.push(REST_OF_PATH);
  if (method !== 'get') parameters.push(IDEMPOTENCY_KEY);
  if (path.startsWith('/v1/exceptions/') && method !== 'get') {
    parameters.push(method === 'patch' ? { ...IF_MATCH, required: true } : IF_MATCH);
  }
  if (path === '/v1/policy' && method === 'put') parameters.push({ ...IF_MATCH, required: true });
  return {
    operationId: operationId(path, method),
    ...operation,
    ...formBody(path, operation),
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.responses ?? {}).map(([status, response]) => [
          status,
          completeResponse(path, status, response as Response),
        ]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** What a route takes as a form besides JSON; its handler reads it. */
const FORMS: Readonly<Record<string, Json>> = {
  '/v1/exceptions/{id}/evidence': {
    type: 'object',
    properties: {
      file: { type: 'string', format: 'binary', description: 'at most 25 MB' },
      note: { type: 'string', description: 'what it shows' },
    },
    required: ['file'],
  },
};

function formBody(path: string, { requestBody }: Operation): Json {
  const schema = FORMS[path];
  if (!schema || !requestBody) return {};
  const { content } = requestBody as { content: Json };
  return {
    requestBody: { required: true, content: { ...content, 'multipart/form-data': { schema } } },
  };
}

interface Response extends Json {
  content?: { [type: string]: { schema?: Json } };
}

/** What of the bare answers is no plain text. */
const BARE_TYPES: Readonly<Record<string, string>> = {
  '/v1/exceptions/{id}/evidence/{digest}': 'application/octet-stream',
  '/v1/ledger/tile/{*}': 'application/octet-stream',
  '/v1/ledger/verification': 'application/x-ndjson',
  '/v1/policy/diff': 'application/x-ndjson',
};

/** A bare text is no JSON: notes, keys and receipts are plain text. */
function completeResponse(path: string, status: string, response: Response): Response {
  const described = { ...response, description: status === '201' ? 'Made' : 'The answer' };
  const json = response.content?.['application/json'];
  if (json?.schema?.type !== 'string') return described;
  return { ...described, content: { [BARE_TYPES[path] ?? 'text/plain']: json } };
}

/** `POST /v1/exceptions/{id}/request-changes` is `post-exceptions-by-id-request-changes`. */
function operationId(path: string, method: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== 'v1');
  return [method, ...parts.map((part) => part.replace(/^\{(.*)\}$/, 'by-$1'))]
    .join('-')
    .replace('by-*', 'by-path');
}

function referredSchemas(schemas: Json, from: readonly unknown[]): Json {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || found.has(name)) continue;
      found.add(name);
      visit(schemas[name] ?? {});
    }
  };
  visit(from);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => found.has(name)));
}
