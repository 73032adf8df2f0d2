import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { USER } from './scim-attributes.ts';
import { parseFilter, parsePath } from './scim-filter.ts';
import { ScimRefusal } from './scim-refusal.ts';

/** A filter in a form that can be compared: names in place of attributes. */
function plain(filter: ReturnType<typeof parseFilter>): unknown {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { [filter.op]: filter.filters.map(plain) };
    case 'not':
      return { not: plain(filter.filter) };
    case 'has':
      return { has: filter.attribute.name, where: plain(filter.filter) };
    default: {
      const { attribute, sub } = filter.path;
      const path = sub ? `${attribute.name}.${sub.name}` : attribute.name;
      return filter.op === 'pr'
        ? `${path} pr`
        : `${path} ${filter.op} ${JSON.stringify(filter.value)}`;
    }
  }
}

describe('a filter', () => {
  test.each([
    ['USERNAME EQ "a"', 'userName eq "a"'],
    ['userName eq "a\\"b\\u00e9"', 'userName eq "a\\"bé"'],
    ['active eq True', 'active eq true'],
    ['externalId eq null', 'externalId eq null'],
    [`${USER.schema}:name.familyName pr`, 'name.familyName pr'],
    [
      'userName pr or userName pr and not (active eq true)',
      { or: ['userName pr', { and: ['userName pr', { not: 'active eq true' }] }] },
    ],
    [
      '(userName pr or userName pr) and active eq true',
      { and: [{ or: ['userName pr', 'userName pr'] }, 'active eq true'] },
    ],
    [
      'emails[type eq "work" and value co "@"]',
      { has: 'emails', where: { and: ['type eq "work"', 'value co "@"'] } },
    ],
    [
      'emails[type eq "work"].value eq "a"',
      { has: 'emails', where: { and: ['type eq "work"', 'value eq "a"'] } },
    ],
  ])('%s', (text, expected) => {
    expect(plain(parseFilter(text, USER))).toEqual(expected);
  });

  test('of any text is read or refused, and nothing else happens', () => {
    const word = fc.constantFrom(
      ...['userName', 'emails', 'active', 'and', 'or', 'not', 'eq', 'pr', '(', ')', '[', ']'],
      ...['.value', '"x"', '"', '\\', 'true', '1e999', '-', ':', USER.schema, '\u0000', '\ud800'],
    );
    const text = fc.oneof(
      fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
      fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    fc.assert(
      fc.property(text, (given) => {
        for (const read of [parseFilter, parsePath]) {
          try {
            read(given, USER);
          } catch (error) {
            expect(error).toBeInstanceOf(ScimRefusal);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a path', () => {
  test.each([
    ['NAME.givenname', 'name', 'givenName', false],
    ['emails[primary eq true]', 'emails', undefined, true],
    ['emails[type eq "work"].value', 'emails', 'value', true],
    [`${USER.schema}:active`, 'active', undefined, false],
  ])('%s', (text, attribute, sub, isFiltered) => {
    const path = parsePath(text, USER);
    if (path === 'left') throw new Error('it is kept');
    expect([path.attribute.name, path.sub?.name, path.filter !== undefined]).toEqual([
      attribute,
      sub,
      isFiltered,
    ]);
  });

  test.each([
    'title',
    'addresses[type eq "work"].locality',
    `${USER.schema}:phoneNumbers[type eq "mobile"].value`,
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value',
  ])('%s is of what is taken and not kept', (text) => {
    expect(parsePath(text, USER)).toBe('left');
  });
});
