import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROLES, type Role } from '../../src/domain/access/actor.ts';
import { isPermitted, type Permission } from '../../src/domain/access/permissions.ts';
import { STATUSES, type Status } from '../../src/domain/exception/status.ts';
import { writeRecords } from '../due/due-records.ts';
import { COMMAND_BODIES } from '../support/api-records.ts';
import { alsoOwnedBy, inStatus } from '../support/given.ts';
import { createTestApi, type TestAnswer } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

/** Every command on a record, as its route names it. */
const COMMANDS = api.routes.flatMap(({ method, url, permission }) => {
  const [, name] = /^\/v1\/exceptions\/:id\/([\w-]+)$/.exec(url) ?? [];
  return method === 'POST' && name && permission ? [[name, permission] as const] : [];
});

/** For each status a record for each command and role: what one of them does, no other sees. */
const records = new Map<Status, string[]>();
/** The same, of records that are owned by none of the roles. */
const ofOthers = new Map<Status, string[]>();

beforeAll(async () => {
  const { db } = api.register;
  const owners = ROLES.map((role) => ({ id: role, name: role, email: `${role}@lapse.test`, role }));
  for (const status of STATUSES) {
    const count = COMMANDS.length * ROLES.length;
    const own = inStatus(status, alsoOwnedBy(...owners));
    records.set(status, await writeRecords(db, api.tenantId, own, count));
    ofOthers.set(status, await writeRecords(db, api.tenantId, inStatus(status), count));
  }
}, 120_000);

/** What is done to the records of others besides deciding; written out a second time. */
const OPEN_TO_ALL = ['comments', 'violations'];
const OF_APPROVERS = ['revoke', 'reassess-risk'];
function mayAsStranger(role: Role, name: string, permission: Permission): boolean {
  if (permission === 'exception:approve' || OPEN_TO_ALL.includes(name)) return true;
  if (role === 'administrator' || role === 'platform-lead') return true;
  return role !== 'requestor' && role !== 'platform' && OF_APPROVERS.includes(name);
}

async function send(id: string, name: string, role: Role): Promise<TestAnswer> {
  const before = await revisionOf(id);
  const answer = await api.send('POST', `/v1/exceptions/${id}/${name}`, {
    as: role,
    body: COMMAND_BODIES[name],
  });
  const what = `${name} as ${role}: ${answer.text}`;
  expect(answer.status, what).toBeLessThan(500);
  // What is refused has changed nothing.
  if (answer.status >= 300) expect(await revisionOf(id), what).toBe(before);
  return answer;
}

async function revisionOf(id: string): Promise<number> {
  const { rows } = await api.admin.query(
    'SELECT version FROM lapse.exceptions WHERE exception_id = $1',
    [id],
  );
  return rows[0].version;
}

test('there is a body for every command', () => {
  expect(COMMANDS.length).toBeGreaterThan(15);
  expect(COMMANDS.filter(([name]) => !(name in COMMAND_BODIES))).toEqual([]);
});

describe.each(STATUSES)('%s', (status) => {
  test.each(COMMANDS)(
    '%s is decided alike for every role that may, and refused to all others',
    async (name, permission: Permission) => {
      const wrongState = new Set<boolean>();
      for (const role of ROLES) {
        const id = records.get(status)?.pop() ?? '';
        const answer = await send(id, name, role);
        if (isPermitted(role, permission)) {
          expect(answer.body?.code, `${name} as ${role}`).not.toBe('not-concerned');
          if (answer.body?.code !== 'not-permitted')
            wrongState.add(answer.body?.code === 'wrong-state');
        } else {
          expect({ status: answer.status, code: answer.body.code }, `${name} as ${role}`).toEqual({
            status: 403,
            code: 'not-permitted',
          });
        }
      }
      // Whether a status allows a command does not hang on who gives it.
      expect(wrongState.size, `${name} on ${status}`).toBeLessThanOrEqual(1);
    },
  );

  test.each(COMMANDS)(
    '%s of the record of somebody else is refused to whoever has nothing to do with it',
    async (name, permission: Permission) => {
      for (const role of ROLES.filter((each) => isPermitted(each, permission))) {
        const answer = await send(ofOthers.get(status)?.pop() ?? '', name, role);
        const isRefused = answer.body?.code === 'not-concerned';
        expect([role, isRefused]).toEqual([role, !mayAsStranger(role, name, permission)]);
        if (isRefused) expect(answer.status).toBe(403);
      }
    },
  );
});
