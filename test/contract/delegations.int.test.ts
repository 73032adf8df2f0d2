import { afterAll, describe, expect, test } from 'vitest';
import type { Role } from '../../src/domain/access/actor.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { COMMAND_BODIES, command, draft, passed, recordIn } from '../support/api-records.ts';
import { COMPLETE, RENEWAL, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

type As = NonNullable<TestRequest['as']>;

const inDays = (days: number) => formatInstant(START + days * DAY);
const mail = (as: As) => `${as}@lapse.test`;

const delegate = (as: As, to: As, more: object = {}) =>
  api.send('POST', '/v1/delegations', {
    as,
    body: { to: mail(to), until: inDays(5), reason: 'on leave', ...more },
  });

const end = (id: string, as: As) =>
  api.send('POST', `/v1/delegations/${id}/end`, { as, body: { reason: 'back early' } });

const approve = (id: string, as: As, body: object = {}) =>
  api.send('POST', `/v1/exceptions/${id}/approve`, {
    as,
    body: { ...(COMMAND_BODIES.approve as object), ...body },
  });

/** Delegations that hold while something is done, and are ended afterwards. */
async function during<T>(pairs: readonly (readonly [As, As])[], run: () => Promise<T>): Promise<T> {
  const made = [];
  for (const [from, to] of pairs) made.push(passed(await delegate(from, to)));
  try {
    return await run();
  } finally {
    for (const [index, { delegation_id }] of made.entries())
      passed(await end(String(delegation_id), pairs[index]?.[0] ?? 'administrator'));
  }
}

/** A record that covers something of its own, so that it renews nothing. */
async function requested(fields: object = {}): Promise<string> {
  const { exception_id: id } = await draft(api, fields);
  passed(await command(api, id, 'submit'));
  return id;
}

describe('a delegation', () => {
  test('is made, listed, and ended early by either side or an administrator', async () => {
    for (const by of ['ciso', 'dpo', 'administrator'] as const) {
      const { status, body } = await delegate('ciso', 'dpo', { from: inDays(1) });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        from: { name: 'ciso', email: 'ciso@lapse.test' },
        to: { name: 'dpo', email: 'dpo@lapse.test' },
        roles: ['ciso'],
        starts_at: inDays(1),
        until: inDays(5),
        reason: 'on leave',
        state: 'planned',
        ended: null,
      });
      const list = await api.send('GET', '/v1/delegations', { as: 'auditor' });
      expect(list.body.items[0]).toEqual(body);
      expectProblem(await end(body.delegation_id, 'security'), 403, 'not-permitted');
      const ended = await end(body.delegation_id, by);
      expect(ended.body).toMatchObject({ state: 'ended', ended: { by: { name: by } } });
      expectProblem(await end(body.delegation_id, by), 409, 'wrong-state');
    }
    const left = await api.send('GET', '/v1/delegations', { as: 'auditor' });
    expect(left.body.items).toEqual([]);
    const all = await api.send('GET', '/v1/delegations?all=true&limit=2', { as: 'auditor' });
    expect(all.body.items).toHaveLength(2);
    const rest = `/v1/delegations?all=true&cursor=${all.body.next_cursor}`;
    expect((await api.send('GET', rest, { as: 'auditor' })).body.items).toHaveLength(1);
  });

  test('lasts a duration that the server counts from its start, where that is given instead of an end', async () => {
    const lasting = { until: undefined, requested_duration: 'P3D' };
    const { body } = await delegate('ciso', 'dpo', { ...lasting, from: inDays(2) });
    expect(body).toMatchObject({ starts_at: inDays(2), until: inDays(5) });
    passed(await end(body.delegation_id, 'ciso'));
    const { body: now } = await delegate('ciso', 'dpo', lasting);
    expect(Date.parse(now.until) - Date.parse(now.starts_at)).toBe(3 * DAY);
    expect(now.state).toBe('active');
    passed(await end(now.delegation_id, 'ciso'));
    for (const wrong of [{ requested_duration: 'P3D' }, { until: undefined }]) {
      const refused = await delegate('ciso', 'dpo', wrong);
      expectProblem(refused, 422, 'invalid-record');
      expect(refused.body.detail).toContain('must have either until or requested_duration');
    }
  });

  test.each<[string, As, As, object, string]>([
    ['to oneself', 'ciso', 'ciso', {}, 'to oneself'],
    ['to nobody who is known', 'ciso', 'ciso', { to: 'nobody@example.com' }, 'nobody who can'],
    ['to somebody who cannot approve', 'ciso', 'auditor', {}, 'nobody who can approve'],
    ['of a role that one has not', 'ciso', 'dpo', { roles: ['dpo'] }, 'which you have not'],
    ['of more than 90 days', 'ciso', 'dpo', { until: inDays(91) }, 'more than 90 days'],
    ['that is over', 'ciso', 'dpo', { until: inDays(-1) }, 'does not lie after its start'],
  ])('is refused %s', async (_, as, to, more, message) => {
    const refused = await delegate(as, to, more);
    expectProblem(refused, 400, 'invalid-request');
    expect(refused.body.detail).toContain(message);
  });

  test('is refused where people would act for one another in a circle', async () => {
    await during(
      [
        ['ciso', 'dpo'],
        ['dpo', 'security'],
      ],
      async () => {
        expectProblem(await delegate('dpo', 'ciso'), 409, 'conflict');
        const over = await delegate('security', 'ciso');
        expectProblem(over, 409, 'conflict');
        expect(over.body.detail).toContain('over dpo');
      },
    );
  });

  test('of two at once that would close a circle one is refused', async () => {
    const both = await Promise.all([
      delegate('ciso', 'platform-lead'),
      delegate('platform-lead', 'ciso'),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    const made = both.find(({ status }) => status === 201);
    passed(await end(made?.body.delegation_id, 'administrator'));
  });

  test('of another tenant is neither seen nor ended', async () => {
    const other = await api.addTenant();
    const made = passed(await delegate('ciso', 'dpo'));
    const token = other.tokens.administrator;
    const list = await api.send('GET', '/v1/delegations?all=true', { token });
    expect(list.body.items).toEqual([]);
    const url = `/v1/delegations/${made.delegation_id}/end`;
    expectProblem(await api.send('POST', url, { token, body: {} }), 404, 'not-found');
    passed(await end(String(made.delegation_id), 'ciso'));
  });
});

describe('approvals through a delegation', () => {
  test('are given, shown with whom they are for, and wait for the delegate', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const waiting = async (as: As) => {
      const { body } = await api.send('GET', '/v1/approvals?limit=200', { as });
      return body.items.find(
        ({ exception }: { exception: { exception_id: string } }) => exception.exception_id === id,
      )?.requirements;
    };
    expect(await waiting('dpo')).toBeUndefined();
    await during([['ciso', 'dpo']], async () => {
      expect(await waiting('dpo')).toMatchObject([
        { role: 'ciso', on_behalf_of: { name: 'ciso' }, delegates: [] },
      ]);
      expect(await waiting('ciso')).toMatchObject([
        { role: 'ciso', on_behalf_of: null, delegates: [{ name: 'dpo', until: inDays(5) }] },
      ]);
      const read = await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' });
      expect(read.body.suggested_approvers.at(-1)).toMatchObject({
        requirement: { role: 'ciso' },
        approvers: [{ name: 'ciso', delegates: [{ name: 'dpo', until: inDays(5) }] }],
        others: 0,
      });
      const given = passed(await approve(id, 'dpo', { for: mail('ciso') }));
      expect(given.approvals).toMatchObject([
        { role: 'ciso', by: { name: 'dpo' }, on_behalf_of: { name: 'ciso' } },
      ]);
      // One person fills one role, by themselves or through a delegate.
      for (const as of ['ciso', 'dpo'] as const)
        expectProblem(await approve(id, as), 409, 'already-approved');
    });
  });

  test('are refused before its start and after its end', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const planned = passed(await delegate('ciso', 'dpo', { from: inDays(1), until: inDays(2) }));
    const before = await approve(id, 'dpo', { for: mail('ciso') });
    expectProblem(before, 403, 'not-permitted');
    expect(before.body.detail).toContain(`begins at ${inDays(1)}`);
    passed(await end(String(planned.delegation_id), 'dpo'));
    expectProblem(await approve(id, 'dpo', { for: mail('ciso') }), 403, 'not-permitted');
    expectProblem(await approve(id, 'dpo'), 403, 'not-permitted');
  });

  test("are refused to the requestor's delegate, and to whom the requestor acts for", async () => {
    const asked = async (as: As) => {
      const body = { ...COMPLETE, services: [`of ${as}`] };
      return passed(await api.send('POST', '/v1/exceptions?submit=true', { as, body }));
    };
    const { exception_id: id } = await asked('security');
    for (const pair of [['security', 'ciso'] as const, ['ciso', 'security'] as const])
      await during([pair], async () => {
        const refused = await approve(id, 'ciso');
        expectProblem(refused, 403, 'self-approval');
        expect(refused.body.detail).toContain("requestor's delegate is a requestor too");
        const { body } = await api.send('GET', `/v1/exceptions/${id}`, { as: 'ciso' });
        const forCiso = body.suggested_approvers.find(
          ({ requirement }: { requirement: { role: Role } }) => requirement.role === 'ciso',
        );
        expect(forCiso.approvers).toEqual([]);
      });
    expect(passed(await approve(id, 'ciso')).approvals).toMatchObject([{ role: 'ciso' }]);
  });

  test('are refused once whoever delegated has no token any more', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const token = await api.send('POST', '/v1/tokens', {
      as: 'administrator',
      body: { name: 'Leaving', email: 'leaving@lapse.test', role: 'ciso' },
    });
    const made = await api.send('POST', '/v1/delegations', {
      token: token.body.token,
      body: { to: mail('dpo'), until: inDays(5), reason: 'leaving' },
    });
    expect(made.status).toBe(201);
    await api.send('DELETE', `/v1/tokens/${token.body.token_id}`, { as: 'administrator' });
    expectProblem(await approve(id, 'dpo', { for: 'leaving@lapse.test' }), 403, 'not-permitted');
    passed(await end(made.body.delegation_id, 'dpo'));
  });
});

describe('suggested approvers', () => {
  test('are in the answer of a submission, shrink as approvals are given, and end with them', async () => {
    const { exception_id: id } = await draft(api);
    const submitted = passed(await command(api, id, 'submit'));
    const names = (record: Record<string, unknown>) =>
      (
        record.suggested_approvers as {
          requirement: { role: string };
          approvers: { name: string }[];
        }[]
      ).map(({ requirement, approvers }) => [requirement.role, approvers.map(({ name }) => name)]);
    expect(names(submitted)).toEqual([
      ['security', ['approver', 'second-approver', 'security']],
      ['domain-owner', ['approver', 'domain-owner', 'second-approver']],
      ['ciso', ['ciso']],
    ]);
    const once = passed(await approve(id, 'approver'));
    expect(names(once)).toEqual([
      ['domain-owner', ['domain-owner', 'second-approver']],
      ['ciso', ['ciso']],
    ]);
    passed(await approve(id, 'domain-owner'));
    expect(passed(await approve(id, 'ciso'))).not.toHaveProperty('suggested_approvers');
    const list = await api.send('GET', '/v1/exceptions', { as: 'auditor' });
    for (const item of list.body.items) expect(item).not.toHaveProperty('suggested_approvers');
  });
});

describe('a first approver who has left', () => {
  test('is stood in for by the fallback role of the pack, and the record says so', async () => {
    const leaving = await api.send('POST', '/v1/tokens', {
      as: 'administrator',
      body: { name: 'H. Gone', email: 'gone@lapse.test', role: 'security' },
    });
    const id = await requested({ services: ['left'], impact: 'Low' });
    passed(
      await api.send('POST', `/v1/exceptions/${id}/approve`, {
        token: leaving.body.token,
        body: COMMAND_BODIES.approve,
      }),
    );
    passed(await approve(id, 'domain-owner'));
    passed(await command(api, id, 'activate'));
    const renewal = await api.send('POST', `/v1/exceptions/${id}/renew`, {
      as: 'requestor',
      body: { ...RENEWAL, impact: 'Low' },
    });
    const next = passed(renewal).exception_id;
    const there = passed(await command(api, next, 'submit'));
    expect(there.requirements).toMatchObject([
      { role: 'security', person: { name: 'H. Gone' } },
      { role: 'domain-owner', person: { name: 'domain-owner' } },
    ]);
    await api.send('DELETE', `/v1/tokens/${leaving.body.token_id}`, { as: 'administrator' });
    // What was asked for stands; asked anew, it is asked of who is there.
    passed(await command(api, next, 'request-changes', 'approver'));
    const left = passed(await command(api, next, 'submit'));
    expect(left.requirements).toMatchObject([
      { role: 'security' },
      { role: 'ciso', in_place_of: { name: 'H. Gone', role: 'security' } },
      { role: 'domain-owner', person: { name: 'domain-owner' } },
    ]);
    for (const as of ['security', 'ciso', 'domain-owner'] as const) passed(await approve(next, as));
    const { body } = await api.send('GET', `/v1/exceptions/${next}`, { as: 'auditor' });
    expect(body.status).toBe('Approved');
  });
});

test('a delegation ends by itself, and nothing has to happen for it', async () => {
  const { exception_id: id } = await recordIn(api, 'Under-Review');
  const made = passed(await delegate('ciso', 'dpo'));
  await api.moveTo(START + 5 * DAY - 1_000);
  const still = await api.send('GET', '/v1/delegations', { as: 'dpo' });
  expect(still.body.items).toMatchObject([{ state: 'active' }]);
  await api.moveTo(START + 5 * DAY);
  expectProblem(await approve(id, 'dpo', { for: mail('ciso') }), 403, 'not-permitted');
  const over = await api.send('GET', '/v1/delegations', { as: 'dpo' });
  expect(over.body.items).toEqual([]);
  expectProblem(await end(String(made.delegation_id), 'ciso'), 409, 'wrong-state');
});
