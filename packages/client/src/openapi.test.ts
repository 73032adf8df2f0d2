import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { generateClient, staleFiles } from '../../../build/generate-client.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema?: unknown }> };
  readonly responses: Record<string, { readonly description?: string; readonly $ref?: string }>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

const text = readFileSync(new URL('../openapi.json', import.meta.url), 'utf8');
const document = JSON.parse(text) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

let generated: Map<string, string>;
beforeAll(async () => {
  generated = await generateClient();
}, 60_000);

test('the committed document and types are what the routes say; otherwise run `npm run generate`', () => {
  expect(staleFiles(generated)).toEqual([]);
});

test('it is OpenAPI 3.1 in the stable form that reviews can read', () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(text).toBe(`${JSON.stringify(document, null, 2)}\n`);
  expect(Object.keys(document.paths)).toEqual(Object.keys(document.paths).sort());
});

test.each(operations)('$method $path is described whole', ({ path, operation }) => {
  expect(operation.summary).toBeTruthy();
  expect(operation.tags).toHaveLength(1);
  const succeeds = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
  expect(succeeds.length).toBeGreaterThan(0);
  expect(operation.responses.default).toEqual({ $ref: '#/components/responses/Problem' });
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const declared = (operation.parameters ?? []).filter((each) => each.in === 'path');
  expect(declared.map(({ name }) => name).sort()).toEqual(inPath.sort());
  expect(declared.every(({ required }) => required)).toBe(true);
  expect(operation.parameters?.every(({ schema }) => schema !== undefined) ?? true).toBe(true);
  for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
    expect(schema).toBeDefined();
  }
});

test('every operation has a name of its own', () => {
  const names = operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(operations.length);
  expect(names).not.toContain(undefined);
});

test('every reference leads somewhere', () => {
  for (const [, reference] of text.matchAll(/"\$ref": "([^"]+)"/g)) {
    const found = (reference ?? '')
      .replace('#/', '')
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    expect(found, reference).toBeDefined();
  }
});
