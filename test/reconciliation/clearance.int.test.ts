import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, formatInstant, HOUR } from '../../src/domain/schedule/instant.ts';
import { ROLE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { tokenFor } from '../support/clearances.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createFindingLab, type FindingLab, REASON } from './finding-lab.ts';

const STRANGE = '33333333-aaaa-4333-8444-555555555555';

let lab: FindingLab;
let application: pg.Client;
let limited: string;
let hidden: string;
let shown: string;
let report: string;

beforeAll(async () => {
  lab = await createFindingLab();
  application = new pg.Client(lab.api.register.application);
  await application.connect();
  limited = await tokenFor(lab.api, 'platform', 'internal');
  await lab.connect('observe', [SUBSCRIPTION]);
  // COMPLETE is of a restricted record; what nobody has registered is everybody's.
  lab.assign(ROLE.permission);
  lab.assign(STRANGE);
  const id = await lab.inForce([ROLE], 10);
  await lab.moveOn(2 * HOUR);
  await lab.moveOn(11 * DAY);
  report = (await lab.reconcile()).reconciliation_id;
  await lab.moveOn(8 * DAY);
  const [of, other] = await lab.findings('state=open');
  hidden = (of.exception_id === id ? of : other).finding_id;
  shown = (of.exception_id === id ? other : of).finding_id;
});
afterAll(async () => {
  await application.end();
  await lab.close();
});

const get = (url: string, token = limited) => lab.api.send('GET', url, { token });

describe('a finding of a record above what somebody is cleared for', () => {
  test('is not there for them, and neither is what hangs on it', async () => {
    const { body } = await get('/v1/findings');
    expect(body.items.map((one: { finding_id: string }) => one.finding_id)).toEqual([shown]);
    expectProblem(await get(`/v1/findings/${hidden}`), 404, 'not-found');
    for (const ending of ['csv', 'json', 'md']) {
      const file = await get(`/v1/reconciliations/${report}/report.${ending}`);
      expect(file.status).toBe(200);
      expect(file.text).toContain(shown);
      expect(file.text).not.toContain(hidden);
      expect(file.text).not.toContain(ROLE.permission);
    }
    const counts = (await get(`/v1/reconciliations/${report}`)).body.findings;
    expect(counts.new + counts.open).toBe(1);
    const tasks = (await get('/v1/tasks')).body.items;
    const subjects = tasks.map(({ subject_id }: { subject_id: string }) => subject_id);
    expect(subjects).toContain(shown);
    expect(subjects).not.toContain(hidden);
    expect(await lab.tasksOf(hidden)).toHaveLength(1);
  });

  test.each([
    ['adopt', undefined],
    ['remove', { reason: REASON }],
    ['accept', { reason: REASON, until: formatInstant(Date.UTC(2027, 0, 1)) }],
  ])('takes no %s of theirs', async (name, body) => {
    const answer = await lab.api.send('POST', `/v1/findings/${hidden}/${name}`, {
      token: limited,
      ...(body ? { body } : {}),
    });
    expectProblem(answer, 404, 'not-found');
  });

  test('has no row and no content for the application without its clearance', async () => {
    const seen = async (clearance: string) => {
      await application.query('BEGIN');
      await application.query(
        "SELECT set_config('lapse.tenant', $1, true), set_config('lapse.clearance', $2, true)",
        [lab.api.tenantId, clearance],
      );
      const found: boolean[] = [];
      for (const [table, column] of [
        ['findings', 'finding_id'],
        ['finding_work', 'finding_id'],
        ['reconciliation_findings', 'finding_id'],
        ['tasks', 'subject_id'],
        ['event_payloads', 'stream_id'],
      ]) {
        const sql = `SELECT EXISTS (SELECT FROM lapse.${table} WHERE ${column} = $1) AS is_there`;
        found.push((await application.query(sql, [hidden])).rows[0].is_there);
      }
      await application.query('ROLLBACK');
      return found;
    };
    expect(await seen('internal')).toEqual([false, false, false, false, false]);
    expect(await seen('restricted')).toEqual([true, true, true, true, true]);
  });

  test('is adopted into a draft that is classified as the record is', async () => {
    const { body } = await lab.answer(hidden, 'adopt');
    const id = body.answer.exception_id;
    const draft = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(draft.body.data_classification).toBe('restricted');
    expectProblem(await get(`/v1/exceptions/${id}`), 404, 'not-found');
  });
});

describe('bad input', () => {
  test.each([
    ['/v1/findings?state=closed', 'state'],
    ['/v1/findings?kind=', 'kind'],
    ['/v1/findings?limit=0', 'limit'],
    ['/v1/findings?cursor=x', ''],
    ['/v1/findings?colour=red', ''],
    ['/v1/findings/..%2f', 'id'],
    ['/v1/reconciliations?limit=201', 'limit'],
    ['/v1/reconciliations/%20', 'id'],
  ])('%s is refused', async (url, path) => {
    const answer = await get(url);
    expectProblem(answer, 400, 'invalid-request');
    if (path) expect(JSON.stringify(answer.body.errors)).toContain(path);
  });

  test.each([
    ['/v1/findings/FND_1', 'FND_1'],
    ['/v1/reconciliations/RCN_1', 'RCN_1'],
    ['/v1/reconciliations/RCN_1/report.csv', 'RCN_1'],
    ['/v1/reconciliations/RCN_1/report.xlsx', 'report.csv'],
    ['/v1/reconciliations/RCN_1/report.constructor', 'report.csv'],
  ])('%s is not there', async (url, says) => {
    const answer = await get(url);
    expectProblem(answer, 404, 'not-found');
    expect(answer.body.detail).toContain(says);
  });

  test.each([
    ['remove', {}],
    ['remove', { reason: 7 }],
    ['remove', { reason: REASON, force: true }],
    ['accept', { reason: REASON }],
    ['accept', { reason: REASON, until: 'never' }],
    ['accept', { reason: REASON, until: null }],
  ])('%s with %j is refused, and nothing happens', async (name, body) => {
    const answer = await lab.answer(shown, name as 'remove', body);
    expect([400, 422]).toContain(answer.status);
    expect(await lab.finding(shown)).toMatchObject({ state: 'open', answer: null });
  });

  test('a comparison without any connection is refused, and says who puts one', async () => {
    const other = await lab.api.addTenant();
    const answer = await lab.api.send('POST', '/v1/reconciliations', {
      ...{ token: other.tokens.platform },
    });
    expectProblem(answer, 409, 'wrong-state');
    expect(answer.body.detail).toContain('PUT /v1/connections');
  });

  test('findings and reports of another tenant are not there', async () => {
    const other = await lab.api.addTenant();
    const token = other.tokens.security as string;
    expectProblem(await get(`/v1/findings/${shown}`, token), 404, 'not-found');
    expectProblem(await get(`/v1/reconciliations/${report}`, token), 404, 'not-found');
    expect((await get('/v1/findings', token)).body.items).toEqual([]);
    expect((await get('/v1/reconciliations', token)).body.items).toEqual([]);
  });
});
