import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

// biome-ignore lint/suspicious/noExplicitAny: files of every shape are read.
type Json = any;

/** One request with its answer, as it went over the wire. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly apiVersion: string | null;
  readonly request: unknown;
  readonly status: number;
  readonly answer: unknown;
}

/** What was found of an exchange. */
export interface Checked {
  /** As the specification names it; `undefined` where it has no such operation. */
  readonly operation: string | undefined;
  readonly findings: readonly string[];
}

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: RegExp;
  readonly apiVersion: string;
  readonly file: string;
  readonly body: Json;
  readonly responses: Json;
}

const BASE = 'https://specification/';

/**
 * Azure's REST specifications as a check of exchanges. It is closed: a property that a schema does not
 * name is a finding, and so is one in a request that is the service's own (`readOnly`).
 */
export class Specification {
  readonly #operations: readonly Operation[];
  readonly #requests = validator();
  readonly #answers = validator();

  /** Reads the OpenAPI files below a folder. */
  constructor(folder: string) {
    const files = globSync('**/*.json', { cwd: folder }).filter((name) => !/examples/.test(name));
    this.#operations = files.flatMap((name) => {
      const file = relative(folder, join(folder, name)).replaceAll('\\', '/');
      const content: Json = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      this.#requests.addSchema(closed(content, { isRequest: true }), `${BASE}${file}`);
      this.#answers.addSchema(closed(content, { isRequest: false }), `${BASE}${file}`);
      return operationsOf(content, file);
    });
  }

  /** Checks one exchange. */
  check({ method, path, apiVersion, request, status, answer }: Exchange): Checked {
    const found = this.#operations.find(
      (known) =>
        known.method === method && known.apiVersion === apiVersion && known.path.test(path),
    );
    if (!found) return { operation: undefined, findings: [] };
    const response = found.responses[status] ?? found.responses.default;
    const isListed = found.responses[status] !== undefined || status >= 400;
    return {
      operation: found.id,
      findings: [
        ...(isListed ? [] : [`${status} is no answer of ${found.id}`]),
        ...this.#fit(this.#requests, found, found.body, request).map((text) => `request ${text}`),
        ...this.#fit(this.#answers, found, response.schema, answer).map((text) => `answer ${text}`),
      ],
    };
  }

  #fit(ajv: Ajv, { file }: Operation, schema: Json, value: unknown): string[] {
    if (schema === undefined) return value === undefined ? [] : ['has a body'];
    const url = new URL(schema.$ref, `${BASE}${file}`).href;
    const fits: ValidateFunction = ajv.getSchema(url) ?? ajv.compile({ $ref: url });
    if (fits(value)) return [];
    return (fits.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    );
  }
}

function validator(): Ajv {
  const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });
  addFormats.default(ajv);
  return ajv;
}

/** Objects whose properties are known have no others. */
function closed(schema: Json, how: { readonly isRequest: boolean }): Json {
  if (Array.isArray(schema)) return schema.map((item) => closed(item, how));
  if (typeof schema !== 'object' || schema === null) return schema;
  const own: Json = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value, how)]),
  );
  const isObject = typeof own.properties === 'object' && !('$ref' in own.properties);
  if (!isObject || own.additionalProperties !== undefined || own.allOf) return own;
  const known = Object.entries<Json>(own.properties).filter(
    ([, value]) => !(how.isRequest && value.readOnly === true),
  );
  return { ...own, properties: Object.fromEntries(known), additionalProperties: false };
}

function operationsOf(content: Json, file: string): Operation[] {
  return Object.entries<Json>(content.paths ?? {})
    .filter(([path]) => path !== '/{roleAssignmentId}')
    .flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, { operationId, parameters, responses }]) => ({
        id: operationId,
        method: method.toUpperCase(),
        path: patternOf(path),
        apiVersion: content.info.version,
        file,
        body: parameters.map((one: Json) => parameterOf(one, content)).find(isBody)?.schema,
        responses,
      })),
    );
}

function parameterOf(parameter: Json, content: Json): Json {
  const name = /^#\/parameters\/(.+)$/.exec(parameter.$ref ?? '')?.[1];
  return name === undefined ? parameter : content.parameters[name];
}

function isBody(parameter: Json): boolean {
  return parameter.in === 'body';
}

function patternOf(path: string): RegExp {
  const pattern = path
    .replace('{parentResourcePath}/', '(?:.+/)?')
    .replace('{scope}', '.+')
    .replace(/\{[^}]+\}/g, '[^/]+')
    .replaceAll('.A', '\\.A')
    .replaceAll('.M', '\\.M');
  return new RegExp(`^${pattern}$`, 'i');
}
