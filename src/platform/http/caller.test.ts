import type { FastifyRequest } from 'fastify';
import { describe, expect, test } from 'vitest';
import { idempotencyOf } from './caller.ts';

function requested(url: string, key: unknown = 'key') {
  const request = {
    headers: { 'idempotency-key': key },
    method: 'POST',
    url,
    bodyHash: new Uint8Array(32),
  };
  return idempotencyOf(request as unknown as FastifyRequest, 'tok_1');
}

describe('the idempotency of a request', () => {
  test('is none without a key', () => {
    const request = { headers: {}, method: 'POST', url: '/' } as FastifyRequest;
    expect(idempotencyOf(request, 'tok_1')).toBeUndefined();
  });

  test('keeps a path as it is while an index can hold it', () => {
    expect(requested('/v1/exceptions?submit=true')).toMatchObject({
      principal: 'tok_1',
      method: 'POST',
      path: '/v1/exceptions?submit=true',
      key: 'key',
    });
    expect(requested(`/${'ä'.repeat(499)}`)?.path).toHaveLength(500);
  });

  test('tells longer paths apart wherever they differ', () => {
    const paths = [1, 500, 2_000, 15_000].map((length) => `/${'x'.repeat(length)}`);
    const keys = paths.flatMap((path) => [
      requested(`${path}a`)?.path,
      requested(`${path}b`)?.path,
    ]);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key?.length).toBeLessThanOrEqual(500);
  });

  test.each(['', ' ', 'a b', 'a\tb', 'é', 'x'.repeat(201), ['a', 'b']])(
    'refuses %j as a key',
    (key) => {
      expect(() => requested('/', key)).toThrow(/Idempotency-Key/);
    },
  );
});
