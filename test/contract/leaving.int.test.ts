import { afterAll, describe, expect, test } from 'vitest';
import { recordIn } from '../support/api-records.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { scimOf } from '../support/scim-api.ts';
import { verify } from '../support/signing-people.ts';
import { createTestApi } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());
const { send, user, patch } = scimOf(api);
const as = 'administrator';

/** Lets the work look again; it does so no more often than every two seconds. */
async function look(): Promise<void> {
  real += 3_000;
  await api.lapse.loop.settle();
}

async function ownedBy(email: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1)
    ids.push((await recordIn(api, index === 0 ? 'Active' : 'Under-Review')).exception_id);
  await reassign(ids, email);
  return ids;
}

async function reassign(ids: readonly string[], email: string): Promise<void> {
  const body = { ids, owners: [{ name: email, email }] };
  const { body: answer } = await api.send('POST', '/v1/bulk/reassign', { as, body });
  expect(answer).toMatchObject({ done: ids.length, refused: 0 });
}

async function taskOf(personId: string) {
  const { items } = (await api.send('GET', '/v1/tasks?all=true', { as })).body;
  return items.find((task: { subject_id: string }) => task.subject_id === personId);
}

const held = async (id: string) =>
  (await api.send('GET', `/v1/people/${id}/holdings`, { as: 'auditor' })).body.items;

describe('who leaves', () => {
  test('leaves a task that says how much they answered for, and ends when others do', async () => {
    const id = await user('owner@example.com');
    const ids = await ownedBy('Owner@example.com', 3);
    expect(await held(id)).toHaveLength(3);
    await patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' });
    const opened = await taskOf(id);
    expect(opened).toMatchObject({ kind: 'reassign', subject_type: 'person', resolved_at: null });
    expect(opened.detail).toContain('has left and answers for 2 open requests and 1 exception;');
    await look();
    expect(await taskOf(id)).toEqual(opened);
    await reassign(ids.slice(0, 2), 'heir@example.com');
    await look();
    expect((await taskOf(id)).detail).toContain('answers for 1 open request;');
    expect(await held(id)).toEqual([{ exception_id: ids[2], status: 'Under-Review', as: 'owner' }]);
    await reassign(ids.slice(2), 'heir@example.com');
    await look();
    expect(await taskOf(id)).toMatchObject({ resolved_at: expect.any(String), resolved_by: null });
    expect(await held(id)).toEqual([]);
  });

  test('and comes back has no such task any more', async () => {
    const id = await user('back@example.com');
    await ownedBy('back@example.com', 1);
    await patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
    expect((await taskOf(id)).resolved_at).toBe(null);
    await patch(`/Users/${id}`, { op: 'replace', value: { active: true } });
    await look();
    expect((await taskOf(id)).resolved_at).not.toBe(null);
  });

  test('by hand or for ever leaves one too, which can be resolved by hand, and stays so', async () => {
    const id = await user('deleted@example.com');
    await ownedBy('deleted@example.com', 1);
    await send('DELETE', `/Users/${id}`);
    const { task_id } = await taskOf(id);
    const retry = await api.send('POST', `/v1/tasks/${task_id}/retry`, { as });
    expectProblem(retry, 409, 'wrong-state');
    const resolved = await api.send('POST', `/v1/tasks/${task_id}/resolve`, { as });
    expect(resolved.body).toMatchObject({ resolved_by: expect.stringMatching(/^tok_/) });
    const { items } = (await api.send('GET', '/v1/audit?type=TaskResolved', { as })).body;
    expect(items).toMatchObject([
      { subject: { type: 'task', id: task_id }, data: { kind: 'reassign' } },
    ]);
    expect(await verify(api)).toMatchObject({ ok: true });
    await look();
    expect(await taskOf(id)).toEqual(resolved.body);
  });

  test('and answered for nothing leaves none', async () => {
    const id = await user('free@example.com');
    await send('DELETE', `/Users/${id}`);
    expect(await taskOf(id)).toBe(undefined);
    expect(await held(id)).toEqual([]);
    const nobody = '/v1/people/per_01ARZ3NDEKTSV4RRFFQ69G5FAV/holdings';
    expectProblem(await api.send('GET', nobody, { as }), 404, 'not-found');
  });
});
