import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GROUP, PATCH_MESSAGE, USER } from './scim-attributes.ts';
import type { Document } from './scim-document.ts';
import { patchDocument } from './scim-patch.ts';
import { ScimRefusal } from './scim-refusal.ts';

const work = { value: 'w@example.com', type: 'work', primary: true };
const home = { value: 'h@example.com', type: 'home' };
const USER_BEFORE: Document = {
  userName: 'a',
  displayName: 'A',
  name: { givenName: 'G', familyName: 'F' },
  emails: [work, home],
  active: true,
};

function patch(before: Document, ...Operations: readonly unknown[]): Document {
  return patchDocument(before, { schemas: [PATCH_MESSAGE], Operations }, USER);
}

describe('a patch of a user', () => {
  test.each<[string, object, object]>([
    ['sets', { op: 'add', path: 'displayName', value: 'B' }, { displayName: 'B' }],
    ['sets by any case', { op: 'REPLACE', path: 'DISPLAYNAME', value: 'B' }, { displayName: 'B' }],
    ['takes away', { op: 'remove', path: 'displayName' }, { displayName: undefined }],
    [
      'takes away by null',
      { op: 'replace', path: 'displayName', value: null },
      { displayName: undefined },
    ],
    [
      'sets parts and leaves the others',
      { op: 'replace', path: 'name', value: { givenName: 'X' } },
      { name: { givenName: 'X', familyName: 'F' } },
    ],
    ['takes away a part', { op: 'remove', path: 'name.givenName' }, { name: { familyName: 'F' } }],
    [
      'adds a value once',
      { op: 'add', path: 'emails', value: [home, { value: 'n@example.com' }] },
      { emails: [work, home, { value: 'n@example.com' }] },
    ],
    ['replaces all values', { op: 'replace', path: 'emails', value: home }, { emails: [home] }],
    ['takes away all values', { op: 'remove', path: 'emails' }, { emails: undefined }],
    ['takes away one', { op: 'remove', path: 'emails[type eq "WORK"]' }, { emails: [home] }],
    [
      'changes one',
      { op: 'replace', path: 'emails[type eq "home"]', value: { value: 'x@example.com' } },
      { emails: [work, { ...home, value: 'x@example.com' }] },
    ],
    [
      'adds the one that it means',
      { op: 'replace', path: 'emails[type eq "other"].value', value: 'o@example.com' },
      { emails: [work, home, { type: 'other', value: 'o@example.com' }] },
    ],
    [
      'reads keys as paths',
      {
        op: 'add',
        value: { 'name.familyName': 'X', 'emails[type eq "work"].value': 'x@example.com' },
      },
      {
        name: { givenName: 'G', familyName: 'X' },
        emails: [{ ...work, value: 'x@example.com' }, home],
      },
    ],
    ['keeps nothing of what it leaves', { op: 'add', path: 'title', value: 'T' }, {}],
  ])('%s', (_, operation, after) => {
    const before = structuredClone(USER_BEFORE);
    expect(patch(before, operation)).toEqual({ ...USER_BEFORE, ...after });
    expect(before).toEqual(USER_BEFORE);
  });

  test('of anything is made or refused, leaves what it is given, and again changes nothing', () => {
    const path = fc.constantFrom(
      ...['userName', 'name', 'name.givenName', 'emails', 'emails[type eq "work"]', 'active', 'id'],
      ...['emails[type eq "x"].value', 'emails[not (value pr)]', 'emails.value', '__proto__', ''],
    );
    const value = fc.oneof(
      fc.constantFrom(null, '', 'True', true, 1, 'x@example.com', { value: 'a@b.c' }, [], [{}]),
      fc.jsonValue({ maxDepth: 3 }),
    );
    const operation = fc.record(
      { op: fc.constantFrom('Add', 'replace', 'Remove', 'move'), path, value },
      { requiredKeys: ['op'] },
    );
    fc.assert(
      fc.property(operation, (given) => {
        const before = structuredClone(USER_BEFORE);
        try {
          const after = patch(before, given);
          expect(patch(after, given)).toEqual(after);
        } catch (error) {
          expect(error).toBeInstanceOf(ScimRefusal);
        }
        expect(before).toEqual(USER_BEFORE);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('a patch of a large group takes its members by value', () => {
  const members = Array.from({ length: 10_000 }, (_, index) => ({ value: `per_${index}` }));
  const before: Document = { displayName: 'G', members };
  const gone = members.slice(0, 400).map(({ value }) => ({
    op: 'Remove',
    path: `members[value eq "${value}"]`,
  }));
  const body = { schemas: [PATCH_MESSAGE], Operations: gone };
  expect(patchDocument(before, body, GROUP)).toEqual({
    displayName: 'G',
    members: members.slice(400),
  });
});
