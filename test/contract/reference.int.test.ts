import { afterAll, describe, expect, test } from 'vitest';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const get = (url: string) => api.send('GET', url);

/** Everything that `/docs` loads, from its page on, by address. */
async function loaded(): Promise<Map<string, { type: string; text: string; csp: string }>> {
  const found = new Map<string, { type: string; text: string; csp: string }>();
  const open = async (url: string, base: string): Promise<void> => {
    const { pathname, origin } = new URL(url, `http://lapse.test${base}`);
    expect({ url, origin }).toEqual({ url, origin: 'http://lapse.test' });
    if (found.has(pathname)) return;
    const { status, headers, text } = await get(pathname);
    expect({ pathname, status }).toEqual({ pathname, status: 200 });
    const type = String(headers['content-type']);
    found.set(pathname, { type, text, csp: String(headers['content-security-policy']) });
    if (type.includes('html')) {
      for (const [, link = ''] of text.matchAll(
        /<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="([^"]+)"/g,
      )) {
        await open(link, pathname);
      }
    }
  };
  const first = await get('/docs');
  const start = first.status === 302 ? String(first.headers.location) : '/docs';
  await open(start, '/docs');
  return found;
}

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 and knows every route below /v1', async () => {
    const { body } = await get('/openapi.json');
    expect(body.openapi).toMatch(/^3\.1\./);
    expect(body.info.title).toBe('Lapse');
    const documented = Object.entries(body.paths as Record<string, object>).flatMap(
      ([path, operations]) =>
        Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = api.routes
      .filter(({ method, url }) => url.startsWith('/v1/') && method !== 'HEAD')
      .map(
        ({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')}`,
      );
    expect(documented.sort()).toEqual(routes.sort());
  });

  test('has a summary, a name of its own and the refusals for each operation', async () => {
    const { body } = await get('/openapi.json');
    const names: unknown[] = [];
    type Operation = Record<'operationId' | 'summary' | 'responses', unknown>;
    for (const operations of Object.values(
      body.paths as Record<string, Record<string, Operation>>,
    )) {
      for (const { operationId, summary, responses } of Object.values(operations)) {
        names.push(operationId);
        expect(summary).toMatch(/\S/);
        expect(responses).toHaveProperty('default');
      }
    }
    expect(new Set(names).size).toBe(names.length);
  });

  test('refers to nothing that it does not hold', async () => {
    const { body, text } = await get('/openapi.json');
    for (const [, kind = '', name = ''] of text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
      expect(body.components[kind]).toHaveProperty([name]);
    }
    expect(text).not.toMatch(/"\$ref":"(?!#)/);
  });
});

describe('/docs', () => {
  test('loads its scripts and styles from this server alone', async () => {
    const assets = await loaded();
    const types = [...assets.values()].map(({ type }) => type.split(';')[0]);
    expect(types).toEqual(expect.arrayContaining(['text/html', 'text/css']));
    expect(types.filter((type) => /javascript/.test(type ?? '')).length).toBeGreaterThan(1);
    for (const [path, { type, text }] of assets) {
      if (type.includes('css')) {
        const outside = [
          ...text.matchAll(/(?:url\(|@import)\s*["']?(?!data:)(?:https?:)?\/\/[^)]*/g),
        ];
        expect({ path, outside: outside.map(String) }).toEqual({ path, outside: [] });
      }
      if (type.includes('html')) {
        expect(text).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//);
        expect(text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/);
      }
      if (type.includes('javascript')) {
        const loads =
          /(?:importScripts|import|fetch|new Worker|new WebSocket|sendBeacon)\(\s*["'`](?:https?:|wss?:)?\/\//;
        expect({ path, loads: loads.exec(text)?.[0] }).toEqual({ path, loads: undefined });
      }
    }
  });

  test('could load nothing else, whatever its scripts try', async () => {
    for (const [path, { csp }] of await loaded()) {
      expect({ path, csp }).toEqual({ path, csp: expect.stringContaining("default-src 'none'") });
      expect(csp).toContain("script-src 'self'");
      expect(csp).toContain("connect-src 'self'");
      expect(csp).toContain("frame-ancestors 'none'");
      expect(csp).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/);
    }
  });

  test('sends no document to a validator elsewhere', async () => {
    const { text } = await get('/docs/static/swagger-initializer.js');
    expect(text).toMatch(/"?validatorUrl"?\s*:\s*null/);
  });

  test.each([
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/%00',
    '/docs/static/C:%5cwindows',
    '/docs/static/nothing.js',
  ])('gives out no file that is not its own: %s', async (url) => {
    const answer = await get(url);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toContain('"dependencies"');
  });
});
