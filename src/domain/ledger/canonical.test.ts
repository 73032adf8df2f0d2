import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalJson, NotCanonicalError } from './canonical.ts';

// biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
const holed = [1, , 2];
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
class Money {
  amount = 1;
}

const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 5 }),
  ),
})).value;

describe('canonical JSON', () => {
  it('is that of the RFC 8785 example', () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",' +
        '"literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units and writes UTF-8', () => {
    expect(canonicalJson({ '\ufb33': 1, '\u{1f600}': 2, a: 3, A: 4, '': 5 })).toBe(
      '{"":5,"A":4,"a":3,"\u{1f600}":2,"\ufb33":1}',
    );
    expect(Buffer.from(canonicalBytes({ é: '€' })).toString('hex')).toBe(
      '7b22c3a9223a22e282ac227d',
    );
  });

  it('is the same for keys in any order, and means the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const canonical = canonicalJson(value);
        expect(canonicalJson(reversed(value))).toBe(canonical);
        expect(canonicalJson(JSON.parse(canonical))).toBe(canonical);
      }),
    );
  });

  it('is what `canonicalize` writes, keys that look like numbers or prototypes included', () => {
    const key = fc.oneof(text, fc.nat().map(String), fc.constantFrom('__proto__', 'toJSON', ''));
    const keyed = fc.array(fc.tuple(key, json)).map((members) => Object.fromEntries(members));
    fc.assert(
      fc.property(fc.oneof(json, keyed), (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
    );
  });

  it('escapes every character of a text as `canonicalize` does', () => {
    for (let code = 1; code <= 0xffff; code += 1) {
      const character = String.fromCharCode(code);
      if (!character.isWellFormed()) continue;
      expect(canonicalJson([character])).toBe(canonicalize([character]));
    }
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, '$ is undefined'],
    ['an undefined member', { a: [{ b: undefined }] }, '$.a[0].b is undefined'],
    ['a hole', holed, '$[1] is undefined'],
    ['NaN', [Number.NaN], '$[0] is NaN'],
    ['an infinity', { a: Number.NEGATIVE_INFINITY }, '$.a is -Infinity'],
    ['a bigint', 1n, '$ is bigint'],
    ['a function', { toJSON: () => 1 }, '$.toJSON is function'],
    ['a symbol', [Symbol('s')], '$[0] is symbol'],
    ['a symbol key', { [Symbol('s')]: 1 }, '$ is not a plain object'],
    ['a lone surrogate', ['\ud800'], '$[0] holds a lone surrogate'],
    ['a lone surrogate in a key', { a: { '\udc00x': 1 } }, 'a key of $.a holds a lone surrogate'],
    ['NUL', { a: 'x\0' }, '$.a holds NUL'],
    ['NUL in a key', { '\0': 1 }, 'a key of $ holds NUL'],
    ['a Date', new Date(0), '$ is not a plain object'],
    ['a Map', new Map(), '$ is not a plain object'],
    ['a class instance', new Money(), '$ is not a plain object'],
    ['a cycle', cyclic, 'nested too deep, or in a cycle'],
  ])('refuses %s', (_, value, message) => {
    expect(() => canonicalJson(value)).toThrow(NotCanonicalError);
    expect(() => canonicalJson(value)).toThrow(message);
  });
});

/** The same value with the members of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).reverse();
  return Object.fromEntries(members.map(([key, member]) => [key, reversed(member)]));
}
