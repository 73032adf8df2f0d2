import { expect } from 'vitest';
import type { TestAnswer, TestApi, TestRequest } from './test-api.ts';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** Speaks SCIM with the application, as the directory of the first tenant unless a token is given. */
export function scimOf(api: TestApi) {
  const send = (method: string, path: string, body?: unknown, request: TestRequest = {}) => {
    const headers = { 'content-type': 'application/scim+json', ...request.headers };
    return api.send(method, `/scim/v2${path}`, {
      as: 'directory',
      ...request,
      ...(body === undefined ? {} : { body }),
      headers: body === undefined ? request.headers : headers,
    } as TestRequest);
  };
  const made = async (path: string, body: object): Promise<string> => {
    const answer = await send('POST', path, body);
    expect(answer.status, answer.text).toBe(201);
    return answer.body.id;
  };
  return {
    send,
    user: (userName: string, more: object = {}) =>
      made('/Users', { schemas: [USER], userName, active: true, ...more }),
    group: (displayName: string, members: readonly string[] = []) =>
      made('/Groups', {
        schemas: [GROUP],
        displayName,
        members: members.map((value) => ({ value })),
      }),
    patch: (path: string, ...Operations: readonly object[]) =>
      send('PATCH', path, { schemas: [PATCH], Operations }),
    find: (kind: 'Users' | 'Groups', filter: string) =>
      send('GET', `/${kind}?filter=${encodeURIComponent(filter)}`),
    /** Gives what follows from a group, as an administrator. */
    map: (groupId: string, roles: readonly string[], clearance = 'internal') =>
      api.send('PUT', `/v1/groups/${groupId}/access`, {
        as: 'administrator',
        body: { roles, clearance },
      }),
    person: async (id: string) =>
      (await api.send('GET', `/v1/people/${id}`, { as: 'administrator' })).body,
    /** How many events of people and groups there are. */
    events: async (): Promise<number> => {
      const { rows } = await api.admin.query(
        "SELECT count(*)::int AS count FROM lapse.events WHERE stream_type IN ('person', 'group')",
      );
      return rows[0].count;
    },
  };
}

/** An error in the form of RFC 7644 section 3.12. */
export function expectScimError(answer: TestAnswer, status: number, scimType?: string): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/scim\+json/);
  expect(answer.body).toEqual({
    schemas: [ERROR],
    ...(scimType === undefined ? {} : { scimType }),
    detail: expect.stringMatching(/\w/),
    status: String(status),
  });
}
