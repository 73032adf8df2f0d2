import { afterAll, describe, expect, test } from 'vitest';
import { expectScimError, scimOf, USER } from '../support/scim-api.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
const { send, user, patch, find, events } = scimOf(api);

describe('refused, with nothing changed:', () => {
  const body = (more: object) => ({ schemas: [USER], userName: 'bad@example.com', ...more });
  test.each([
    ['no userName', { schemas: [USER] }, 'invalidValue'],
    ['an empty userName', { userName: ' ' }, 'invalidValue'],
    ['an unknown attribute', body({ shoeSize: 43 }), 'invalidSyntax'],
    ['an unknown part', body({ name: { nick: 'x' } }), 'invalidSyntax'],
    ['an unknown extension', body({ 'urn:example:2.0:User': {} }), 'invalidSyntax'],
    ['a text that is a number', body({ displayName: 1 }), 'invalidValue'],
    ['an object that is a text', body({ name: 'x' }), 'invalidValue'],
    ['addresses that are texts', body({ emails: ['a@example.com'] }), 'invalidValue'],
    ['an address that is none', body({ emails: [{ value: 'a' }] }), 'invalidValue'],
    ['an address without a value', body({ emails: [{ type: 'work' }] }), 'invalidValue'],
    ['too many addresses', body({ emails: Array(21).fill({ value: 'a@b.c' }) }), 'tooMany'],
    ['active that is neither', body({ active: 'maybe' }), 'invalidValue'],
    ['a name that is too long', body({ displayName: 'x'.repeat(301) }), 'invalidValue'],
    ['a NUL', body({ displayName: 'a\u0000b' }), 'invalidValue'],
    ['half a character', body({ displayName: '\ud800' }), 'invalidValue'],
    ['another schema', { ...body({}), schemas: ['urn:x'] }, 'invalidSyntax'],
    ['a list', [], 'invalidSyntax'],
  ])('a user with %s', async (_, given, scimType) => {
    const before = await events();
    expectScimError(await send('POST', '/Users', given), 400, scimType);
    expect(await events()).toBe(before);
  });

  test('what is no JSON, too deep, too large, of another type, or nothing', async () => {
    const headers = { 'content-type': 'application/scim+json' };
    const raw = (text: string) => send('POST', '/Users', undefined, { raw: text, headers });
    expectScimError(await raw('{'), 400, 'invalidSyntax');
    expectScimError(await raw('['.repeat(100) + ']'.repeat(100)), 400, 'invalidSyntax');
    expectScimError(await raw('{"__proto__": {}}'), 400, 'invalidSyntax');
    expectScimError(await raw(`"${'x'.repeat(2 ** 20)}"`), 413);
    const csv = { raw: 'a', headers: { 'content-type': 'text/csv' } };
    expectScimError(await send('POST', '/Users', undefined, csv), 415);
    expectScimError(await send('POST', '/Users'), 400, 'invalidSyntax');
  });

  test('a userName, externalId or address that somebody has', async () => {
    const own = { externalId: 'dup-1', emails: [{ value: 'dup-mail@example.com' }] };
    await user('dup@example.com', own);
    const id = await user('dup2@example.com');
    const before = await events();
    for (const given of [
      { userName: 'DUP@example.com' },
      { userName: 'x1', externalId: 'dup-1' },
      { userName: 'x2', emails: [{ value: 'DUP-mail@example.com' }] },
    ]) {
      expectScimError(await send('POST', '/Users', given), 409, 'uniqueness');
      expectScimError(await send('PUT', `/Users/${id}`, given), 409, 'uniqueness');
    }
    expect(await events()).toBe(before);
  });

  test('one name asked for twice at the same moment is given once', async () => {
    const twice = [1, 2].map(() => send('POST', '/Users', { userName: 'at-once@example.com' }));
    expect((await Promise.all(twice)).map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test.each([
    ['nothing to compare', 'userName eq', 'a text in double quotes'],
    ['an unknown attribute', 'password2 eq "x"', 'is not known'],
    ['one that nobody may ask for', 'password eq "x"', 'cannot ask for'],
    ['an unknown comparison', 'userName like "x"', 'compares by like'],
    ['a prototype as comparison', 'userName constructor "x"', 'compares by constructor'],
    ['a prototype as attribute', '__proto__ eq "x"', 'cannot be read'],
    ['something behind the end', 'userName eq "a" b', 'goes on with b'],
    ['a bracket that stays open', '(userName eq "a"', 'lacks )'],
    ['a quote that stays open', `userName eq "${'\n'.repeat(60)}`, 'cannot be read'],
    ['SQL', `userName eq "a"; DROP TABLE lapse.people --`, 'cannot be read'],
    ['a NUL', 'userName eq "\\u0000"', 'a text in double quotes'],
    ['a number for a text', 'userName eq 1', 'a text in double quotes'],
    ['a text for a boolean', 'active eq "x"', 'true or false'],
    ['an order of booleans', 'active gt true', 'eq and ne'],
    ['no instant', 'meta.created gt "yesterday"', 'an instant'],
    ['a million characters', `userName eq "${'x'.repeat(2 ** 20)}"`, 'more than 2000 characters'],
    ['deep nesting', `${'('.repeat(900)}active eq true${')'.repeat(900)}`, 'nested deeper'],
    ['deep negation', `${'not ('.repeat(50)}active eq true${')'.repeat(50)}`, 'nested deeper'],
    ['many conditions', Array(40).fill('active eq true').join(' or '), 'more than 30'],
    ['a selection of one value', 'userName[value eq "x"]', 'has one value'],
    ['nothing', '', 'ends where a name has to be'],
  ])('a filter with %s', async (_, filter, detail) => {
    const answer = await find('Users', filter);
    expectScimError(answer, 400, 'invalidFilter');
    expect(answer.body.detail).toContain(detail);
  });

  test('injection in a filter finds nobody', async () => {
    for (const value of [`' OR 1=1 --`, `%`, `_%`, `$1`, `\\" or userName pr or \\"`]) {
      const { status, body } = await find('Users', `userName co "${value}"`);
      expect({ value, status, total: body.totalResults }).toEqual({ value, status: 200, total: 0 });
    }
  });

  test.each([
    ['no operations', undefined, 'invalidSyntax'],
    ['an operation that is unknown', { op: 'move', path: 'active' }, 'invalidSyntax'],
    ['an operation that is none', 'x', 'invalidSyntax'],
    ['a path that is unknown', { op: 'add', path: 'shoeSize', value: 1 }, 'invalidPath'],
    ['a path that is none', { op: 'add', path: 1, value: 1 }, 'invalidPath'],
    ['an unknown key', { op: 'add', value: { shoeSize: 1 } }, 'invalidPath'],
    ['nothing to remove', { op: 'remove' }, 'noTarget'],
    ['the name taken away', { op: 'remove', path: 'userName' }, 'mutability'],
    ['an empty name', { op: 'replace', path: 'userName', value: '' }, 'invalidValue'],
    ['what Lapse gives', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, 'mutability'],
    ['a value of another type', { op: 'replace', path: 'active', value: 'x' }, 'invalidValue'],
    ['no object', { op: 'add', value: 'x' }, 'invalidValue'],
    [
      'a selection that meets nothing',
      { op: 'replace', path: 'emails[type sw "w"].value', value: 'a@b.c' },
      'noTarget',
    ],
    ['a deep selection', { op: 'add', path: `emails[${'('.repeat(99)}` }, 'invalidPath'],
  ])('a patch with %s', async (name, operation, scimType) => {
    const id = await user(`${name.replaceAll(' ', '-')}@example.com`);
    const before = await events();
    const operations = operation === undefined ? [] : [operation as object];
    const good = { op: 'replace', path: 'displayName', value: 'halfway' };
    const answer = await patch(`/Users/${id}`, ...(operation ? [good] : []), ...operations);
    expectScimError(answer, 400, scimType);
    expect(await events()).toBe(before);
  });
});
